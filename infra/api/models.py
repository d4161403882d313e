"""The models of the API: the JSON Schemas of all bodies, for its documentation and its SDKs.

API Gateway does not validate bodies against them: its answer would repeat the caller's value and
would not name the field. The functions validate bodies and answer with JSON pointers.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from collections.abc import Sequence
from typing import Any

from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

from common.contract import JSON, PROBLEM
from infra.spec.routes import Route, problem_statuses
from infra.spec.schemas import PROBLEM_SCHEMA, model_schema
from infra.spec.stages import Authorization


def declare_empty_answer(method: apigateway.Method) -> None:
    """Declare the model of a method's only answer, which has no body.

    Every REST API has the model Empty:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
    """
    resource = method.node.default_child
    if not isinstance(resource, apigateway.CfnMethod):
        raise TypeError("The CDK's Method is no CfnMethod")
    model = {JSON: apigateway.Model.EMPTY_MODEL.model_id}
    # The CDK offers no such option for a preflight.
    resource.add_property_override("MethodResponses.0.ResponseModels", model)


class Models(Construct):
    """The models of requests and responses."""

    def __init__(
        self,
        scope: Construct,
        *,
        rest_api: apigateway.RestApi,
        routes: Sequence[Route],
        authorization: Authorization,
    ) -> None:
        super().__init__(scope, "Models")
        self._scope = scope
        self._rest_api = rest_api
        self._authorization = authorization
        # A model has a single media type.
        requests = {body for route in routes for body in route.body.items()}
        answers = {
            (JSON, schema) for route in routes for schema in route.answers.values() if schema
        }
        self._models = {
            (media, schema): self._add(media, schema)
            for media, schema in sorted({*requests, *answers, (PROBLEM, PROBLEM_SCHEMA)})
        }

    def of_requests(self, route: Route) -> dict[str, apigateway.IModel]:
        """Return the models of the request's body, by media type."""
        return {media: self._models[media, schema] for media, schema in route.body.items()}

    def of_responses(self, route: Route) -> list[apigateway.MethodResponse]:
        """Return the method responses: one for each status that the route answers."""
        return [
            *(
                self._response(str(status.value), *self._of_answer(schema))
                for status, schema in route.answers.items()
            ),
            *(
                self.of_problem(str(status.value))
                for status in problem_statuses(route, self._authorization)
            ),
        ]

    def of_problem(
        self, status: str, headers: dict[str, bool] | None = None
    ) -> apigateway.MethodResponse:
        """Return the method response of a problem.

        Args:
            status: The HTTP status.
            headers: The headers that an integration maps.
        """
        return self._response(status, PROBLEM, self._models[PROBLEM, PROBLEM_SCHEMA], headers)

    def _of_answer(self, schema: str | None) -> tuple[str, apigateway.IModel]:
        if schema is None:
            return JSON, apigateway.Model.EMPTY_MODEL
        return JSON, self._models[JSON, schema]

    @staticmethod
    def _response(
        status: str,
        media: str,
        model: apigateway.IModel,
        headers: dict[str, bool] | None = None,
    ) -> apigateway.MethodResponse:
        return apigateway.MethodResponse(
            status_code=status, response_models={media: model}, response_parameters=headers
        )

    def _add(self, media: str, schema: str) -> apigateway.IModel:
        content: dict[str, Any] = model_schema(schema)
        title = content["title"]
        # The CDK's Model accepts no JSON Schema, only the CDK's own classes.
        model = apigateway.CfnModel(
            self._scope,
            f"{title}Model",
            rest_api_id=self._rest_api.rest_api_id,
            name=title,
            description=content["description"],
            content_type=media,
            schema=content,
        )
        deployment = self._rest_api.latest_deployment
        if deployment is None:
            raise RuntimeError("The API has no deployment that could include models")
        deployment.node.add_dependency(model)
        # A changed schema needs a new deployment, which the CDK would not create by itself.
        deployment.add_to_logical_id({schema: content})
        return apigateway.Model.from_model_name(self, title, model.ref)
