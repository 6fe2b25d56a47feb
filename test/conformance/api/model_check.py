"""Holds an answer, as it came over the wire, against botocore's service model: what the model does not know is a problem, and
so is a member of another type or beyond its limits, and an error the operation is not documented to have."""
import base64
import binascii
import json
import re

# Any AWS service may say these; no model lists them.
COMMON_ERRORS = {
    'IncompleteSignatureException': 400,
    'InvalidSignatureException': 403,
    'MissingAuthenticationTokenException': 403,
    'SerializationException': 400,
    'UnrecognizedClientException': 403,
}
# What Debian's models of 2022 do not list and the present ones do.
NEWER_ERRORS = {'GetImages': {'NoDataRetentionException': 400}}
# How an error is named in bodies, and the message as some SDKs read it.
ERROR_MEMBERS = {'__type', 'message'}


def problems_of(operation, response, error_code):
    """`response`: status_code, headers and body as botocore's parsers get them; `error_code`: what the client understood."""
    found = []
    if not response['headers'].get('x-amzn-RequestId'):
        found.append('no request id')
    if error_code is not None:
        check_error(operation, response, error_code, found)
    elif response['status_code'] != operation.http.get('responseCode', 200):
        found.append(f"status {response['status_code']}")
    elif operation.has_streaming_output:
        check_headers(operation.output_shape, response['headers'], found)
    else:
        check_body(operation, response, found)
    return found


def check_error(operation, response, code, found):
    status = response['status_code']
    shapes = {shape.error_code: shape for shape in operation.error_shapes}
    body = json.loads(response['body'])
    if code in shapes:
        fault = shapes[code].metadata.get('fault', False)
        documented = shapes[code].metadata.get('error', {}).get('httpStatusCode', 500 if fault else 400)
        members = set(shapes[code].members) | ERROR_MEMBERS
    else:
        documented = {**COMMON_ERRORS, **NEWER_ERRORS.get(operation.name, {})}.get(code)
        members = {'Message'} | ERROR_MEMBERS
    if documented is None:
        found.append(f'{operation.name} does not document {code}')
    elif status != documented:
        found.append(f'{code} has status {status}, not {documented}')
    if response['headers'].get('x-amzn-ErrorType', '').split(':')[0] != code:
        found.append(f'x-amzn-ErrorType is not {code}')
    for name in body:
        if name not in members and not (name == 'Message' and 'message' in members):
            found.append(f'{code} has no member {name}')
    for name in ('Message', 'message'):
        if not isinstance(body.get(name), str) or not body[name].strip():
            found.append(f'{name} says nothing')


def check_headers(shape, headers, found):
    for name, member in shape.members.items():
        if member.serialization.get('location') == 'header' and member.serialization['name'] not in headers:
            found.append(f'no header {name}')


def check_body(operation, response, found):
    expected = 'application/x-amz-json-1.1' if operation.service_model.protocol == 'json' else 'application/json'
    if response['headers'].get('content-type') != expected:
        found.append(f"content type {response['headers'].get('content-type')}")
    check(operation.output_shape, json.loads(response['body']), operation.name, found)


def check(shape, value, path, found):
    CHECKS[shape.type_name](shape, value, path, found)


def check_structure(shape, value, path, found):
    if not isinstance(value, dict):
        return found.append(f'{path} is no structure')
    for name in shape.required_members:
        if name not in value:
            found.append(f'{path}.{name} is missing')
    for name, member in value.items():
        if name in shape.members:
            check(shape.members[name], member, f'{path}.{name}', found)
        else:
            found.append(f'{path}.{name} is unknown')


def check_list(shape, value, path, found):
    if not isinstance(value, list):
        return found.append(f'{path} is no list')
    check_range(shape, len(value), path, found)
    for index, member in enumerate(value):
        check(shape.member, member, f'{path}[{index}]', found)


def check_map(shape, value, path, found):
    if not isinstance(value, dict):
        return found.append(f'{path} is no map')
    for name, member in value.items():
        check(shape.key, name, f'{path}.key', found)
        check(shape.value, member, f'{path}.{name}', found)


def check_string(shape, value, path, found):
    if not isinstance(value, str):
        return found.append(f'{path} is no string')
    check_range(shape, len(value), path, found)
    if shape.enum and value not in shape.enum:
        found.append(f'{path} is {value}')
    pattern = shape.metadata.get('pattern')
    if pattern and not re.fullmatch(in_python(pattern), value):
        found.append(f'{path} does not match {pattern}')


def in_python(pattern):
    """Python has no \\p{}; these are the ones the models use, always within brackets."""
    return re.sub(r'\\p\{Z\}', r'\\s', re.sub(r'\\p\{[LN]\}', r'\\w', pattern))


def check_number(of):
    def check_it(shape, value, path, found):
        if isinstance(value, bool) or not isinstance(value, of):
            return found.append(f'{path} is {value!r}')
        check_range(shape, value, path, found)

    return check_it


def check_timestamp(shape, value, path, found):
    # Both protocols write seconds since 1970 as a number; these are of this century.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 946_684_800 < value < 4_102_444_800:
        found.append(f'{path} is {value!r}')


def check_boolean(shape, value, path, found):
    if not isinstance(value, bool):
        found.append(f'{path} is {value!r}')


def check_blob(shape, value, path, found):
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        found.append(f'{path} is no base64')


def check_range(shape, size, path, found):
    low, high = shape.metadata.get('min'), shape.metadata.get('max')
    if (low is not None and size < low) or (high is not None and size > high):
        found.append(f'{path} is {size}, not within {low} and {high}')


CHECKS = {
    'structure': check_structure,
    'list': check_list,
    'map': check_map,
    'string': check_string,
    'integer': check_number(int),
    'long': check_number(int),
    'float': check_number((int, float)),
    'double': check_number((int, float)),
    'timestamp': check_timestamp,
    'boolean': check_boolean,
    'blob': check_blob,
}
