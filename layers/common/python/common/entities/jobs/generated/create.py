"""Generated from JobCreate by `make schemas`; do not edit."""

VERSION = "2.22.3"
from decimal import Decimal
import re
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException


REGEX_PATTERNS = {
    '^[a-z0-9][a-z0-9-]{0,62}$': re.compile('^[a-z0-9][a-z0-9-]{0,62}\\Z'),
    '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$': re.compile('^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+\\Z')
}

NoneType = type(None)

def validate(data, custom_formats={}, name_prefix=None):
    errors = []
    if not isinstance(data, (dict)):
        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'$schema': 'http://json-schema.org/draft-04/schema#', 'title': 'JobCreate', 'description': 'A job to create', 'type': 'object', 'additionalProperties': False, 'required': ['pipeline', 'input_uri'], 'properties': {'pipeline': {'description': 'The pipeline that processes the input', 'type': 'string', 'pattern': '^[a-z0-9][a-z0-9-]{0,62}$', 'maxLength': 63}, 'input_uri': {'description': 'Where the input is', 'type': 'string', 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, 'parameters': {'description': 'What the pipeline is told; at most 16 KiB as compact JSON in UTF-8', 'type': 'object', 'default': {}}}}, rule='type'))
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data__missing_keys = set(['pipeline', 'input_uri']) - data.keys()
        if data__missing_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must contain " + (str(sorted(data__missing_keys)) + " properties"), value=data, name="" + (name_prefix or "data") + "", definition={'$schema': 'http://json-schema.org/draft-04/schema#', 'title': 'JobCreate', 'description': 'A job to create', 'type': 'object', 'additionalProperties': False, 'required': ['pipeline', 'input_uri'], 'properties': {'pipeline': {'description': 'The pipeline that processes the input', 'type': 'string', 'pattern': '^[a-z0-9][a-z0-9-]{0,62}$', 'maxLength': 63}, 'input_uri': {'description': 'Where the input is', 'type': 'string', 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, 'parameters': {'description': 'What the pipeline is told; at most 16 KiB as compact JSON in UTF-8', 'type': 'object', 'default': {}}}}, rule='required'))
        data_keys = set(data.keys())
        if "pipeline" in data_keys:
            data_keys.remove("pipeline")
            data__pipeline = data["pipeline"]
            if not isinstance(data__pipeline, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".pipeline must be string", value=data__pipeline, name="" + (name_prefix or "data") + ".pipeline", definition={'description': 'The pipeline that processes the input', 'type': 'string', 'pattern': '^[a-z0-9][a-z0-9-]{0,62}$', 'maxLength': 63}, rule='type'))
            if isinstance(data__pipeline, str):
                data__pipeline_len = len(data__pipeline)
                if data__pipeline_len > 63:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".pipeline must be shorter than or equal to 63 characters", value=data__pipeline, name="" + (name_prefix or "data") + ".pipeline", definition={'description': 'The pipeline that processes the input', 'type': 'string', 'pattern': '^[a-z0-9][a-z0-9-]{0,62}$', 'maxLength': 63}, rule='maxLength'))
                if not REGEX_PATTERNS['^[a-z0-9][a-z0-9-]{0,62}$'].search(data__pipeline):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".pipeline must match pattern ^[a-z0-9][a-z0-9-]{0,62}$", value=data__pipeline, name="" + (name_prefix or "data") + ".pipeline", definition={'description': 'The pipeline that processes the input', 'type': 'string', 'pattern': '^[a-z0-9][a-z0-9-]{0,62}$', 'maxLength': 63}, rule='pattern'))
        if "input_uri" in data_keys:
            data_keys.remove("input_uri")
            data__inputuri = data["input_uri"]
            if not isinstance(data__inputuri, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".input_uri must be string", value=data__inputuri, name="" + (name_prefix or "data") + ".input_uri", definition={'description': 'Where the input is', 'type': 'string', 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, rule='type'))
            if isinstance(data__inputuri, str):
                data__inputuri_len = len(data__inputuri)
                if data__inputuri_len > 2048:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".input_uri must be shorter than or equal to 2048 characters", value=data__inputuri, name="" + (name_prefix or "data") + ".input_uri", definition={'description': 'Where the input is', 'type': 'string', 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, rule='maxLength'))
                if not REGEX_PATTERNS['^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$'].search(data__inputuri):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".input_uri must match pattern ^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$", value=data__inputuri, name="" + (name_prefix or "data") + ".input_uri", definition={'description': 'Where the input is', 'type': 'string', 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, rule='pattern'))
        if "parameters" in data_keys:
            data_keys.remove("parameters")
            data__parameters = data["parameters"]
            if not isinstance(data__parameters, (dict)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".parameters must be object", value=data__parameters, name="" + (name_prefix or "data") + ".parameters", definition={'description': 'What the pipeline is told; at most 16 KiB as compact JSON in UTF-8', 'type': 'object', 'default': {}}, rule='type'))
        if data_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'$schema': 'http://json-schema.org/draft-04/schema#', 'title': 'JobCreate', 'description': 'A job to create', 'type': 'object', 'additionalProperties': False, 'required': ['pipeline', 'input_uri'], 'properties': {'pipeline': {'description': 'The pipeline that processes the input', 'type': 'string', 'pattern': '^[a-z0-9][a-z0-9-]{0,62}$', 'maxLength': 63}, 'input_uri': {'description': 'Where the input is', 'type': 'string', 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, 'parameters': {'description': 'What the pipeline is told; at most 16 KiB as compact JSON in UTF-8', 'type': 'object', 'default': {}}}}, rule='additionalProperties'))
    if errors: raise JsonSchemaValuesException(errors)
    return data