"""Generated from JobPatch by `make schemas`; do not edit."""

VERSION = "2.22.3"
from decimal import Decimal
import re
from fastjsonschema import JsonSchemaValueException, JsonSchemaValuesException


REGEX_PATTERNS = {
    '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$': re.compile('^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+\\Z'),
    '^[A-Za-z0-9_.-]{1,64}$': re.compile('^[A-Za-z0-9_.-]{1,64}\\Z')
}

NoneType = type(None)

def validate(data, custom_formats={}, name_prefix=None):
    errors = []
    if not isinstance(data, (dict)):
        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must be object", value=data, name="" + (name_prefix or "data") + "", definition={'$schema': 'http://json-schema.org/draft-04/schema#', 'title': 'JobPatch', 'description': 'A JSON merge patch (RFC 7396) of the fields that callers may change: null resets a field, and an object replaces the former one', 'type': 'object', 'additionalProperties': False, 'minProperties': 1, 'properties': {'status': {'title': 'JobStatus', 'description': 'Where the job is in its life', 'type': 'string', 'enum': ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']}, 'progress': {'description': 'Percent done', 'type': ['integer', 'null'], 'minimum': 0, 'maximum': 100}, 'output_uri': {'description': 'Where the output is; only with SUCCEEDED', 'type': ['string', 'null'], 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, 'error': {'description': 'Why the job failed; required with FAILED, refused otherwise', 'type': ['object', 'null'], 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 1024}}}}}, rule='type'))
    data_is_dict = isinstance(data, dict)
    if data_is_dict:
        data_len = len(data)
        if data_len < 1:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must contain at least 1 properties", value=data, name="" + (name_prefix or "data") + "", definition={'$schema': 'http://json-schema.org/draft-04/schema#', 'title': 'JobPatch', 'description': 'A JSON merge patch (RFC 7396) of the fields that callers may change: null resets a field, and an object replaces the former one', 'type': 'object', 'additionalProperties': False, 'minProperties': 1, 'properties': {'status': {'title': 'JobStatus', 'description': 'Where the job is in its life', 'type': 'string', 'enum': ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']}, 'progress': {'description': 'Percent done', 'type': ['integer', 'null'], 'minimum': 0, 'maximum': 100}, 'output_uri': {'description': 'Where the output is; only with SUCCEEDED', 'type': ['string', 'null'], 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, 'error': {'description': 'Why the job failed; required with FAILED, refused otherwise', 'type': ['object', 'null'], 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 1024}}}}}, rule='minProperties'))
        data_keys = set(data.keys())
        if "status" in data_keys:
            data_keys.remove("status")
            data__status = data["status"]
            if not isinstance(data__status, (str)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".status must be string", value=data__status, name="" + (name_prefix or "data") + ".status", definition={'title': 'JobStatus', 'description': 'Where the job is in its life', 'type': 'string', 'enum': ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']}, rule='type'))
            if not (isinstance(data__status, str) and data__status == 'PENDING' or isinstance(data__status, str) and data__status == 'RUNNING' or isinstance(data__status, str) and data__status == 'SUCCEEDED' or isinstance(data__status, str) and data__status == 'FAILED' or isinstance(data__status, str) and data__status == 'CANCELLED'):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".status must be one of ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']", value=data__status, name="" + (name_prefix or "data") + ".status", definition={'title': 'JobStatus', 'description': 'Where the job is in its life', 'type': 'string', 'enum': ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']}, rule='enum'))
        if "progress" in data_keys:
            data_keys.remove("progress")
            data__progress = data["progress"]
            if not isinstance(data__progress, (int, NoneType)) or isinstance(data__progress, bool):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".progress must be integer or null", value=data__progress, name="" + (name_prefix or "data") + ".progress", definition={'description': 'Percent done', 'type': ['integer', 'null'], 'minimum': 0, 'maximum': 100}, rule='type'))
            if isinstance(data__progress, (int, float, Decimal)) and not isinstance(data__progress, bool):
                if data__progress < 0:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".progress must be bigger than or equal to 0", value=data__progress, name="" + (name_prefix or "data") + ".progress", definition={'description': 'Percent done', 'type': ['integer', 'null'], 'minimum': 0, 'maximum': 100}, rule='minimum'))
                if data__progress > 100:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".progress must be smaller than or equal to 100", value=data__progress, name="" + (name_prefix or "data") + ".progress", definition={'description': 'Percent done', 'type': ['integer', 'null'], 'minimum': 0, 'maximum': 100}, rule='maximum'))
        if "output_uri" in data_keys:
            data_keys.remove("output_uri")
            data__outputuri = data["output_uri"]
            if not isinstance(data__outputuri, (str, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".output_uri must be string or null", value=data__outputuri, name="" + (name_prefix or "data") + ".output_uri", definition={'description': 'Where the output is; only with SUCCEEDED', 'type': ['string', 'null'], 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, rule='type'))
            if isinstance(data__outputuri, str):
                data__outputuri_len = len(data__outputuri)
                if data__outputuri_len > 2048:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".output_uri must be shorter than or equal to 2048 characters", value=data__outputuri, name="" + (name_prefix or "data") + ".output_uri", definition={'description': 'Where the output is; only with SUCCEEDED', 'type': ['string', 'null'], 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, rule='maxLength'))
                if not REGEX_PATTERNS['^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$'].search(data__outputuri):
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".output_uri must match pattern ^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$", value=data__outputuri, name="" + (name_prefix or "data") + ".output_uri", definition={'description': 'Where the output is; only with SUCCEEDED', 'type': ['string', 'null'], 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, rule='pattern'))
        if "error" in data_keys:
            data_keys.remove("error")
            data__error = data["error"]
            if not isinstance(data__error, (dict, NoneType)):
                errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error must be object or null", value=data__error, name="" + (name_prefix or "data") + ".error", definition={'description': 'Why the job failed; required with FAILED, refused otherwise', 'type': ['object', 'null'], 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 1024}}}, rule='type'))
            data__error_is_dict = isinstance(data__error, dict)
            if data__error_is_dict:
                data__error__missing_keys = set(['code', 'message']) - data__error.keys()
                if data__error__missing_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error must contain " + (str(sorted(data__error__missing_keys)) + " properties"), value=data__error, name="" + (name_prefix or "data") + ".error", definition={'description': 'Why the job failed; required with FAILED, refused otherwise', 'type': ['object', 'null'], 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 1024}}}, rule='required'))
                data__error_keys = set(data__error.keys())
                if "code" in data__error_keys:
                    data__error_keys.remove("code")
                    data__error__code = data__error["code"]
                    if not isinstance(data__error__code, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error.code must be string", value=data__error__code, name="" + (name_prefix or "data") + ".error.code", definition={'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, rule='type'))
                    if isinstance(data__error__code, str):
                        if not REGEX_PATTERNS['^[A-Za-z0-9_.-]{1,64}$'].search(data__error__code):
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error.code must match pattern ^[A-Za-z0-9_.-]{1,64}$", value=data__error__code, name="" + (name_prefix or "data") + ".error.code", definition={'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, rule='pattern'))
                if "message" in data__error_keys:
                    data__error_keys.remove("message")
                    data__error__message = data__error["message"]
                    if not isinstance(data__error__message, (str)):
                        errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error.message must be string", value=data__error__message, name="" + (name_prefix or "data") + ".error.message", definition={'type': 'string', 'minLength': 1, 'maxLength': 1024}, rule='type'))
                    if isinstance(data__error__message, str):
                        data__error__message_len = len(data__error__message)
                        if data__error__message_len < 1:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error.message must be longer than or equal to 1 characters", value=data__error__message, name="" + (name_prefix or "data") + ".error.message", definition={'type': 'string', 'minLength': 1, 'maxLength': 1024}, rule='minLength'))
                        if data__error__message_len > 1024:
                            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error.message must be shorter than or equal to 1024 characters", value=data__error__message, name="" + (name_prefix or "data") + ".error.message", definition={'type': 'string', 'minLength': 1, 'maxLength': 1024}, rule='maxLength'))
                if data__error_keys:
                    errors.append(JsonSchemaValueException("" + (name_prefix or "data") + ".error must not contain "+str(data__error_keys)+" properties", value=data__error, name="" + (name_prefix or "data") + ".error", definition={'description': 'Why the job failed; required with FAILED, refused otherwise', 'type': ['object', 'null'], 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 1024}}}, rule='additionalProperties'))
        if data_keys:
            errors.append(JsonSchemaValueException("" + (name_prefix or "data") + " must not contain "+str(data_keys)+" properties", value=data, name="" + (name_prefix or "data") + "", definition={'$schema': 'http://json-schema.org/draft-04/schema#', 'title': 'JobPatch', 'description': 'A JSON merge patch (RFC 7396) of the fields that callers may change: null resets a field, and an object replaces the former one', 'type': 'object', 'additionalProperties': False, 'minProperties': 1, 'properties': {'status': {'title': 'JobStatus', 'description': 'Where the job is in its life', 'type': 'string', 'enum': ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELLED']}, 'progress': {'description': 'Percent done', 'type': ['integer', 'null'], 'minimum': 0, 'maximum': 100}, 'output_uri': {'description': 'Where the output is; only with SUCCEEDED', 'type': ['string', 'null'], 'pattern': '^(s3|https)://[^\\x00-\\x20\\x7f-\\xa0]+$', 'maxLength': 2048}, 'error': {'description': 'Why the job failed; required with FAILED, refused otherwise', 'type': ['object', 'null'], 'additionalProperties': False, 'required': ['code', 'message'], 'properties': {'code': {'type': 'string', 'pattern': '^[A-Za-z0-9_.-]{1,64}$'}, 'message': {'type': 'string', 'minLength': 1, 'maxLength': 1024}}}}}, rule='additionalProperties'))
    if errors: raise JsonSchemaValuesException(errors)
    return data