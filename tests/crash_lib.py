# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the crash tests share: a daemon that can be killed, held and asked, and its pool.

A test is run with the build directory as the current one, or with builddir set.  It makes one
Daemon with `with`, whose directory and process are gone at the end, also of a failed test.
VIRTJOBD_WRAPPER is put in front of daemon and tool (see ./run), VIRTJOBD_SLOWER multiplies the
deadlines; they are for what hangs, not for what is slow.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(os.environ.get('builddir', '.'))
NAME = os.path.basename(sys.argv[0]).rsplit('.', 1)[0]
SLOWER = int(os.environ.get('VIRTJOBD_SLOWER', '4'))
MIB = 1024 * 1024
SANITIZER = re.compile('(Address|Leak|Thread)Sanitizer|runtime error:')
HOLD = os.path.join(BUILD, 'tests', '.libs', 'hold.so')


def skip(reason):
    print(f'SKIP: {NAME}: {reason}')
    sys.exit(77)


def fail(text):
    raise AssertionError(text)


def check(truth, text):
    if not truth:
        fail(text)


def equal(got, want, what):
    check(got == want, f'{what}: got {got!r}, want {want!r}')


def until(condition, what, seconds=30):
    """Polls until condition() is true and returns that."""
    deadline = time.monotonic() + seconds * SLOWER
    while True:
        result = condition()
        if result:
            return result
        check(time.monotonic() < deadline, f'still not after {seconds} s: {what}')
        time.sleep(0.003)


def have(command):
    return shutil.which(command) is not None


def require(*commands):
    for command in commands:
        if not have(command):
            skip(f'{command} is not installed')


def noise(path, size):
    """A file of bytes that no zero detection and no compression makes smaller."""
    block = os.urandom(MIB)
    with open(path, 'wb') as file:
        for offset in range(0, size, MIB):
            file.write((offset.to_bytes(8, 'big') + block[8:])[:size - offset])


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest() if hasattr(hashlib, 'file_digest') \
            else hashlib.sha256(file.read()).hexdigest()


class CommandFailed(Exception):
    def __init__(self, status, text):
        super().__init__(f'status {status}: {text}')
        self.status = status
        self.text = text


LIVING = set()


class Daemon:
    """virtjobd in a directory of its own, with one running pool 'p' in self.pool."""

    def __init__(self, conf='checkpoint_megabytes = 4\n', under=None):
        if not os.access(os.path.join(BUILD, 'run'), os.X_OK):
            sys.exit(f'no build in {BUILD} (run it there, or set builddir)')
        self.dir = tempfile.mkdtemp(prefix=f'{NAME}.', dir=under or os.environ.get('TMPDIR',
                                                                                   '/var/tmp'))
        self.path = os.path.join(self.dir, 'files')  # what the rules of hold.c are about
        self.pool = os.path.join(self.path, 'p')
        self.rules = os.path.join(self.dir, 'rules')
        self.log = os.path.join(self.dir, 'log')
        self.uri = f'qemu+unix:///session?socket={self.dir}/run/virtjobd-sock'
        self.process = None
        self.env = dict(os.environ, LC_ALL='C', HOLD_PATH=self.path, HOLD_RULES=self.rules,
                        # it stands in front of the sanitizer's, and calls it in turn
                        ASAN_OPTIONS=os.environ.get('ASAN_OPTIONS', '')
                        + ':verify_asan_link_order=0')
        for name in ('NOTIFY_SOCKET', 'LISTEN_FDS', 'LISTEN_PID', 'JOURNAL_STREAM'):
            self.env.pop(name, None)
        os.makedirs(self.pool)
        os.mkdir(self.rules)
        with open(os.path.join(self.dir, 'conf'), 'w') as file:
            file.write(conf)

    def __enter__(self):
        LIVING.add(self)
        try:
            self.start()
            self('pool-define-as', 'p', 'dir', '--target', self.pool)
            self('pool-start', 'p')
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        reported = [line for line in self.lines().split('\n') if SANITIZER.search(line)]
        if kind or reported:
            with open(self.log, errors='replace') as file:
                print("the daemon's last lines:", *file.readlines()[-60:], sep='\n    ',
                      file=sys.stderr)
        self.clean()
        check(kind or not reported, f'a sanitizer has reported: {reported}')

    def clean(self):
        LIVING.discard(self)
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None
        shutil.rmtree(self.dir)

    # --- its life ---

    def start(self):
        check(not self.process, 'it runs already')
        served = self.lines().count
        with open(self.log, 'ab') as log:
            self.process = subprocess.Popen(
                [f'{BUILD}/run', 'virtjobd', '--session', '-v', '-f', f'{self.dir}/conf',
                 '--state-dir', f'{self.dir}/state', '--runtime-dir', f'{self.dir}/run',
                 '--log-dir', f'{self.dir}/logs'],
                env=dict(self.env, LD_PRELOAD=HOLD), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        before = served(' serves qemu:///')
        until(lambda: self.lines().count(' serves qemu:///') > before or self.ended(),
              'the daemon serves')

    def ended(self):
        check(self.process.poll() is None,
              f'virtjobd ended with status {self.process.poll()} instead of serving')
        return False

    def kill9(self):
        self.process.kill()
        self.process.wait()
        self.process = None

    def term(self, seconds=20):
        """SIGTERM; it must exit 0.  Returns how long that took."""
        start = time.monotonic()
        self.process.terminate()
        self.exits(seconds)
        return time.monotonic() - start

    def exits(self, seconds=20):
        status = self.process.wait(seconds * SLOWER)
        self.process = None
        equal(status, 0, "virtjobd's status after SIGTERM")

    def lines(self):
        if not os.path.exists(self.log):
            return ''
        with open(self.log, errors='replace') as file:
            return file.read()

    # --- asking it ---

    def __call__(self, *args):
        """What virtjob says to these arguments; CommandFailed."""
        done = subprocess.run([f'{BUILD}/run', 'virtjob', '-c', self.uri, *args], env=self.env,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120 * SLOWER)
        if done.returncode:
            raise CommandFailed(done.returncode, done.stderr.strip())
        return done.stdout

    def refused(self, *args):
        """The message of what must fail."""
        try:
            said = self(*args)
        except CommandFailed as error:
            return error.text
        return fail(f'{args} succeeded: {said}')

    def begin(self, *args):
        """Starts a job by its command and returns its id."""
        return int(self('-q', *args, '--async'))

    def call(self, *args):
        """The same over the C library, for what virtjob has no command."""
        done = subprocess.run([f'{BUILD}/run', f'{BUILD}/tests/crash-call', self.uri, *args],
                              env=self.env, capture_output=True, text=True, timeout=120 * SLOWER)
        equal(done.returncode, 0, f'crash-call {args}: {done.stderr}')
        return done.stdout.strip()

    def job(self, number):
        return json.loads(self('job-info', str(number), '--json'))

    def jobs(self):
        return json.loads(self('jobs', '--all', '--json'))

    def ended_job(self, number, seconds=60):
        def ended():
            job = self.job(number)
            return job if job['phase'] == 'ended' else None
        return until(ended, f'job {number} has ended', seconds)

    def ends(self, number, state, message=None):
        job = self.ended_job(number)
        equal(job['state'], state, f'state of job {number} ({job["error"]})')
        if message:
            check(message in job['error']['message'],
                  f'job {number} says {job["error"]}, not {message!r}')
        return job

    def volumes(self, pool='p'):
        return sorted(self('vol-list', pool, '--name').split())

    def make(self, name, size):
        """A volume of noise."""
        noise(os.path.join(self.pool, name), size)
        self('pool-refresh', 'p')
        return digest(os.path.join(self.pool, name))

    def file(self, name):
        return os.path.join(self.pool, name)

    def files(self):
        """The pool's directory, without anything hidden from it."""
        return sorted(os.listdir(self.pool))

    # --- the rules of hold.c ---

    def rule(self, call, action, value=0, skip=0):
        new = os.path.join(self.rules, '.new')
        with open(new, 'w') as file:
            file.write(f'{action} {value} {skip}')
        os.rename(new, os.path.join(self.rules, call))

    def held(self, call):
        until(lambda: os.path.exists(os.path.join(self.rules, call + '.held')), f'{call} is held')

    def no_rules(self):
        for name in os.listdir(self.rules):
            os.unlink(os.path.join(self.rules, name))

    def note_calls(self):
        with open(os.path.join(self.rules, 'log'), 'w'):
            pass

    def noted(self, *calls):
        """(offset, length) of each such call since note_calls(), in order."""
        with open(os.path.join(self.rules, 'log')) as file:
            notes = [line.split() for line in file]
        return [(int(offset), int(length)) for call, offset, length in notes if call in calls]

    # --- its journal, while it is dead ---

    def journal(self, number):
        [name] = [name for name in os.listdir(f'{self.dir}/state')
                  if re.search(r'\.(db|sqlite)$', name)]
        with sqlite3.connect(f'{self.dir}/state/{name}') as db:
            db.row_factory = sqlite3.Row
            row = db.execute('SELECT * FROM jobs WHERE id = ?', (number,)).fetchone()
        db.close()
        check(row is not None, f'job {number} is not in the journal')
        return dict(row)


def give_up(*_):
    """A harness's SIGTERM: threads are not waited for, what they started goes."""
    for daemon in list(LIVING):
        daemon.clean()
    os._exit(99)


signal.signal(signal.SIGTERM, give_up)
