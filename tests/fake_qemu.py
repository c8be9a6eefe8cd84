#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A QEMU that is broken: fake_qemu.py MODE-FILE QEMU'S-ARGUMENTS.

The file says how: a name below.  One that plays a guest reads the file again each time that the
file FILE.now appears, and then does that.  The agent inside it, where it has a channel for one,
answers as FILE.agent says: for each command, the text of its "return".
"""

import json
import os
import re
import signal
import socket
import sys
import threading

GREETING = {'QMP': {'version': {'qemu': {'major': 7, 'minor': 2, 'micro': 0}, 'package': ''},
                    'capabilities': []}}
TOO_LONG = 17 << 20


def line(what):
    return json.dumps(what).encode() + b'\r\n'


class Peer:
    def __init__(self, argv):
        [text] = [arg for arg in argv if 'id=charmonitor' in arg]
        # Kept, as QEMU keeps it: it is how the next daemon finds the process.
        self.listener = socket.socket(fileno=int(re.search(r'fd=(\d+)', text).group(1)))
        self.listener.listen(1)
        self.socket = self.listener.accept()[0]
        self.file = self.socket.makefile('r')

    def say(self, what):
        try:
            self.socket.sendall(what)
        except OSError:
            pass  # the daemon has had enough

    def commands(self):
        try:
            yield from self.file
        except OSError:
            pass  # it has closed with our words unread

    def greet(self):
        self.say(line(GREETING))


def hang():
    while True:
        signal.pause()


def exits(argv):
    print('fake-qemu: cannot do that, Dave', file=sys.stderr, flush=True)
    sys.exit(1)


def exits_after_accept(argv):
    Peer(argv)
    exits(argv)


def exits_after_greeting(argv):
    Peer(argv).greet()
    exits(argv)


def crashes(argv):
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGSEGV)


def never_accepts(argv):
    hang()


def never_greets(argv):
    peer = Peer(argv)  # it would be closed without a name
    hang()
    del peer


def never_answers(argv):
    peer = Peer(argv)  # it would be closed without a name
    peer.greet()
    hang()
    del peer


def says(*lines):
    def run(argv):
        peer = Peer(argv)
        for text in lines:
            peer.say(text)
        hang()
    return run


def refuses(argv):
    peer = Peer(argv)
    peer.greet()
    for text in peer.commands():
        peer.say(line({'error': {'class': 'GenericError', 'desc': 'no such luck'},
                       'id': json.loads(text).get('id')}))


def closes(argv):
    peer = Peer(argv)
    peer.greet()
    peer.socket.shutdown(socket.SHUT_RDWR)
    hang()


PICTURE = b'P6\n1 1\n255\nabc'
ANSWERS = {
    'query-chardev': [], 'query-jobs': [],
    'query-named-block-nodes': [{'node-name': 'libvirt-1-format', 'drv': 'qcow2', 'dirty-bitmaps': [
        {'name': 'X', 'recording': True, 'persistent': True, 'busy': False,
         'granularity': 65536, 'count': 0}]}],
    'query-status': {'status': 'running', 'running': True},
    'query-block': [
        {'qdev': '/machine/peripheral/virtio-disk0/virtio-backend', 'io-status': 'nospace'},
        {'qdev': '/machine/peripheral/virtio-disk1/virtio-backend', 'io-status': 'ok'},
        {'qdev': '/machine/peripheral/virtio-disk10/virtio-backend', 'io-status': 'failed'},
        {'qdev': 'sata0-0-0', 'io-status': 'failed'}, {'io-status': 'failed'}, {'qdev': 7}],
}
NOW = {
    'garbage': lambda peer: peer.say(b'\x00\xff this is not JSON\r\n'),
    'long': lambda peer: peer.say(b'x' * TOO_LONG),
    'close': lambda peer: peer.socket.shutdown(socket.SHUT_RDWR),
    'array': lambda peer: peer.say(b'[1, 2]\r\n'),
    'flood': lambda peer: peer.say(line({'event': 'NONSENSE', 'data': {'x': 'y' * 1000}}) * 20000),
    'events': lambda peer: [peer.say(line(event)) for event in (
        {'event': 'STOP'}, {'event': 'SHUTDOWN', 'data': None}, {'event': 7},
        {'event': 'GUEST_PANICKED', 'data': []}, {'event': 'BLOCK_IO_ERROR', 'data': {'device': 1}},
        {'event': ''})],
    'told': lambda peer: [peer.say(line({'event': event, 'data': data})) for event, data in (
        ('MEMORY_FAILURE', {'recipient': 'guest', 'action': 'inject',
                            'flags': {'action-required': True, 'recursive': False}}),
        ('MEMORY_FAILURE', {'recipient': 'nobody', 'action': 'inject'}),
        ('DEVICE_UNPLUG_GUEST_ERROR', {'path': '/machine/peripheral/x'}),
        ('DEVICE_UNPLUG_GUEST_ERROR', {'path': '/machine/peripheral/x', 'device': 'x'}))],
}


def screendump(arguments):
    """As an old QEMU, which knows of no format."""
    if 'format' in arguments:
        return {'error': {'class': 'GenericError', 'desc': "Parameter 'format' is unexpected"}}
    with open(arguments['filename'], 'wb') as file:
        file.write(PICTURE)
    return {'return': {}}


def agent_answer(text, path):
    asked = json.loads(text.lstrip(b'\xff'))
    if text[0] == 0xff:
        return b'\xff{"return": %d}\n' % asked['arguments']['id']
    with open(path) as file:
        says = json.load(file).get(asked['execute'])
    return b'{"return": %s}\n' % says.encode() if says else \
        b'{"error": {"class": "CommandNotFound", "desc": "no"}}\n'


def agent(fd, path):
    """Honest as far as being there goes."""
    listener = socket.socket(fileno=fd)
    listener.listen(1)
    while True:
        peer = listener.accept()[0]
        try:
            for text in peer.makefile('rb'):
                peer.sendall(agent_answer(text, path))
        except OSError:
            pass  # the daemon has had enough


def writes_back(slow, path):
    """On a disk that takes as long as the test says, which opens that pipe."""
    with open(slow), open(path, 'w'):
        pass


def plays(argv):
    """A guest that runs, as far as its daemon can tell."""
    peer, mode = Peer(argv), sys.argv[1]
    channels = [int(re.search(r'fd=(\d+)', arg).group(1)) for arg in argv
                if 'id=charchannel0' in arg]
    for fd in channels:
        threading.Thread(target=agent, args=(fd, mode + '.agent'), daemon=True).start()
        ANSWERS['query-chardev'] = [{'label': 'charchannel0', 'filename': '',
                                     'frontend-open': True}]
    peer.greet()
    for text in peer.commands():
        asked = json.loads(text)
        if asked['execute'] == 'now':
            with open(mode) as file:
                NOW[file.read()](peer)
        elif asked['execute'] == 'quit':
            if os.path.exists(mode + '.slow'):
                peer.say(line({'return': {}, 'id': asked.get('id')}))
                writes_back(mode + '.slow', mode + '.written')
            sys.exit(0)
        answer = {'return': ANSWERS.get(asked['execute'], {})}
        if asked['execute'] == 'large':
            peer.say(b'{"return": {"n": 18446744073709551615}, "id": %s}\r\n'
                     % json.dumps(asked.get('id')).encode())
            continue
        if asked['execute'] == 'screendump':
            answer = screendump(asked['arguments'])
        peer.say(line({**answer, 'id': asked.get('id')}))
    hang()


MODES = {
    'exits': exits,
    'exits-after-accept': exits_after_accept,
    'exits-after-greeting': exits_after_greeting,
    'crashes': crashes,
    'never-accepts': never_accepts,
    'never-greets': never_greets,
    'never-answers': never_answers,
    'garbage': says(b'\x00\xff this is not JSON\r\n'),
    'garbage-later': says(line(GREETING), b'neither is this\r\n'),
    'array': says(b'[1, 2, 3]\r\n'),
    'another-greeting': says(b'{"hello": "world"}\r\n'),
    'long-line': says(b'x' * TOO_LONG),
    'long-line-later': says(line(GREETING), b'{"event": "' + b'x' * TOO_LONG),
    'deep': says(line(GREETING), b'[' * 100000 + b'\r\n'),
    'refuses': refuses,
    'closes': closes,
    'plays': plays,
}

if __name__ == '__main__':
    with open(sys.argv[1]) as mode_file:
        MODES[mode_file.read()](sys.argv[2:])
