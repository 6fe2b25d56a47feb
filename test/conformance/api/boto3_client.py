"""boto3 on a line protocol: a JSON object a line in, one a line out, calls at the same time each in a thread of its own.

In:  {id, operation, input, access: {endpoint, accessKeyId, secretAccessKey, sessionToken?, verify?}, pageSize?}
Out: {id, answer, media?, problems} or {id, error, status, message, problems}; `problems` are where the raw answer
is not what botocore's service model says. Bytes are {"$bytes": base64}, times in answers milliseconds since 1970.
With pageSize boto3's paginator asks, until there are no more pages.
"""
import base64
import datetime
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore.exceptions
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from model_check import problems_of

SERVICES = ('kinesisvideo', 'kinesis-video-media', 'kinesis-video-archived-media', 'rekognition')
# Nothing is refused before it is sent: the server is to say what it thinks of it.
CONFIG = Config(
    parameter_validation=False, retries={'total_max_attempts': 1}, read_timeout=150, max_pool_connections=20
)

seen = threading.local()
clients = {}
clients_lock = threading.Lock()
output_lock = threading.Lock()


def remember(response_dict_of):
    """The parser gets the answer as it came over the wire; so do we."""

    class Remembering(response_dict_of):
        def parse(self, response, shape):
            seen.response = response
            return super().parse(response, shape)

    return Remembering


def watch_parsers():
    import botocore.parsers as parsers

    for protocol, parser in parsers.PROTOCOL_PARSERS.items():
        parsers.PROTOCOL_PARSERS[protocol] = remember(parser)


def clients_of(access):
    key = json.dumps(access, sort_keys=True)
    with clients_lock:
        if key not in clients:
            session = boto3.session.Session(
                aws_access_key_id=access['accessKeyId'],
                aws_secret_access_key=access['secretAccessKey'],
                aws_session_token=access.get('sessionToken'),
                region_name='us-west-2',
            )
            config = CONFIG if access['accessKeyId'] else CONFIG.merge(Config(signature_version=UNSIGNED))
            clients[key] = [
                session.client(name, endpoint_url=access['endpoint'], verify=access.get('verify'), config=config)
                for name in SERVICES
            ]
        return clients[key]


def client_for(operation, access):
    for client in clients_of(access):
        if operation in client.meta.service_model.operation_names:
            return client
    raise LookupError(f'boto3 does not know {operation}')


def method_of(client, operation):
    (name,) = [name for name, known in client.meta.method_to_api_mapping.items() if known == operation]
    return name


def call(request):
    operation = request['operation']
    client = client_for(operation, request['access'])
    method = method_of(client, operation)
    model = client.meta.service_model.operation_model(operation)
    arguments = decoded(request['input'])
    try:
        if 'pageSize' in request:
            pages = client.get_paginator(method).paginate(
                **arguments, PaginationConfig={'PageSize': request['pageSize']}
            )
            answer = pages.build_full_result()
        else:
            answer = getattr(client, method)(**arguments)
    except botocore.exceptions.ClientError as error:
        code = error.response['Error']['Code']
        return {
            'error': code,
            'status': error.response['ResponseMetadata']['HTTPStatusCode'],
            'message': error.response['Error']['Message'],
            'requestId': error.response['ResponseMetadata'].get('RequestId'),
            'problems': problems_of(model, seen.response, code),
        }
    problems = problems_of(model, seen.response, None)
    answer.pop('ResponseMetadata', None)
    if 'Payload' in answer:
        payload = answer.pop('Payload')
        return {'answer': answer, 'media': payload.read(), 'problems': problems}
    return {'answer': answer, 'problems': problems}


def decoded(value):
    if isinstance(value, dict):
        if '$bytes' in value:
            return base64.b64decode(value['$bytes'])
        return {name: decoded(member) for name, member in value.items()}
    return [decoded(member) for member in value] if isinstance(value, list) else value


def encoded(value):
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1000)
    if isinstance(value, bytes):
        return {'$bytes': base64.b64encode(value).decode()}
    raise TypeError(repr(value))


def serve(line):
    request = json.loads(line)
    try:
        result = call(request)
    except Exception as error:  # of the client itself: no connection, another certificate
        result = {'error': type(error).__name__, 'message': str(error), 'problems': []}
    with output_lock:
        print(json.dumps({'id': request['id'], **result}, default=encoded), flush=True)


watch_parsers()
with ThreadPoolExecutor(max_workers=20) as threads:
    for request_line in sys.stdin:
        threads.submit(serve, request_line)
