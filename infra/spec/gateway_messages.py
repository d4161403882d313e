"""What API Gateway tells callers that it refuses, in its responses and in the API's document.

Whoever reads the document should not wait for the CDK, so it is not imported here.
"""

UNAUTHORIZED = "The Authorization header has no access token that is good for this API and route."
NO_SCOPE = "The access token does not have the scope that the route asks for."
NO_POLICY = "No policy allows the route to whoever signed the request."
BAD_KEY = "The x-api-key header is missing, or its key is not valid for this API."
TOO_MANY = "Too many requests at once. Slow down."
TOO_SLOW = "The service took too long. The request may have been carried out."
