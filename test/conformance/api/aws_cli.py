"""The AWS CLI, a process a call, without loading it anew each time: this one loads its modules once and forks.

In:  {id, args, env} a line. Out: {id, code, stdout, stderr} a line, as soon as that process has ended.
A child runs the installed /usr/bin/aws itself; it has what an AWS CLI has that was started by a shell, but for the time to start.
"""
import json
import os
import runpy
import selectors
import sys

import awscli.clidriver  # noqa: F401
import awscli.handlers  # noqa: F401
import botocore.httpsession  # noqa: F401

AWS = '/usr/bin/aws'


def start(request):
    pipes = {'stdout': os.pipe(), 'stderr': os.pipe()}
    child = os.fork()
    if child == 0:
        for target, (_, written) in zip((1, 2), pipes.values()):
            os.dup2(written, target)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(request['env'])
        sys.argv = [AWS, *request['args']]
        code = 0
        try:
            runpy.run_path(AWS, run_name='__main__')
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    for _, written in pipes.values():
        os.close(written)
    return {'id': request['id'], 'child': child, 'open': 2, 'stdout': b'', 'stderr': b''}, pipes


def answer(call):
    _, status = os.waitpid(call['child'], 0)
    said = {name: call[name].decode() for name in ('stdout', 'stderr')}
    print(json.dumps({'id': call['id'], 'code': os.waitstatus_to_exitcode(status), **said}), flush=True)


selector = selectors.DefaultSelector()
selector.register(0, selectors.EVENT_READ)
asked = b''
running = 0
listening = True
while listening or running:
    for key, _ in selector.select():
        data = os.read(key.fd, 65536)
        if key.data is None:
            if not data:
                listening = False
                selector.unregister(0)
            *lines, asked = (asked + data).split(b'\n')
            for line in lines:
                call, pipes = start(json.loads(line))
                running += 1
                for name, (read, _) in pipes.items():
                    selector.register(read, selectors.EVENT_READ, (call, name))
            continue
        call, name = key.data
        if data:
            call[name] += data
            continue
        selector.unregister(key.fd)
        os.close(key.fd)
        call['open'] -= 1
        if call['open'] == 0:
            answer(call)
            running -= 1
