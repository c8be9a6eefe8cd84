# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of guests share: a daemon with real ones, asked by python-libvirt and virtjob.

Its guests boot the kernel of guest_kernel.py under TCG: up in a fraction of a second, without
anything to download, with their memory full of what no migration leaves out if asked for.
run() takes the tests of a file one by one; after each nothing of a guest may be left.
"""

import json
import os
import signal
import subprocess
import time

import crash_lib
import guest_kernel
from crash_lib import MIB, SLOWER, check, equal, fail, skip, until

try:
    import libvirt
    import libvirt_qemu
except ImportError:
    skip('python3-libvirt is not installed')
crash_lib.require('qemu-system-x86_64')
EMULATOR = crash_lib.shutil.which('qemu-system-x86_64')
ASYNC = 1 << 30
libvirt.registerErrorHandler(lambda *_: None, None)

RUNNING, PAUSED, SHUTDOWN, SHUTOFF, CRASHED = (
    libvirt.VIR_DOMAIN_RUNNING, libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_SHUTDOWN,
    libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_CRASHED)
INVALID = libvirt.VIR_ERR_OPERATION_INVALID
NO_DOMAIN = libvirt.VIR_ERR_NO_DOMAIN

# An emulator that stops itself before it becomes QEMU, as long as there is a file of its name
# and .hold; one that is only asked what it can do goes on.
HELD_EMULATOR = f'''#!/bin/sh
case $* in
*guest=*) [ ! -e "$0.hold" ] || kill -STOP $$ ;;
esac
exec {EMULATOR} "$@"
'''


def error_of(call, *args):
    """The libvirtError of a call that must fail."""
    try:
        got = call(*args)
    except libvirt.libvirtError as error:
        return error
    return fail(f'{getattr(call, "__name__", call)}{args} succeeded: {got!r}')


def refused(code, text, call, *args):
    error = error_of(call, *args)
    equal(error.get_error_code(), code, f'code of {error}')
    check(text in str(error), f'{str(error)!r} does not say {text!r}')


def process_state(pid):
    """'R', 'S', 'T', ...; None: it is gone."""
    try:
        with open(f'/proc/{pid}/stat') as file:
            return file.read().rsplit(')', 1)[1].split()[0]
    except OSError:
        return None


def is_gone(pid):
    return process_state(pid) in (None, 'Z', 'X')


def read_offset(pid, path):
    """How far a process has read a file; 0 where it has not, or is gone."""
    try:
        for number in os.listdir(f'/proc/{pid}/fd'):
            if os.readlink(f'/proc/{pid}/fd/{number}') == path:
                with open(f'/proc/{pid}/fdinfo/{number}') as file:
                    return int(file.readline().split()[1])
    except OSError:
        pass
    return 0


class Guests(crash_lib.Daemon):
    def __init__(self, conf=''):
        super().__init__(conf)
        self.conn = None
        self.kernels = {}

    def start(self):
        super().start()
        self.conn = libvirt.open(self.uri)

    def clean(self):
        self.disconnect()
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        for pid in self.qemus():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not self.qemus(), 'QEMUs are gone')
        super().clean()

    def disconnect(self):
        if self.conn:
            try:
                self.conn.close()
            except libvirt.libvirtError:
                pass  # its daemon was killed
        self.conn = None

    def kill9(self):
        self.disconnect()
        super().kill9()

    def term(self, seconds=30):
        self.disconnect()
        return super().term(seconds)

    # --- what it is given ---

    def kernel(self, then='halt', fill=0):
        """Written once: a guest that starts may be reading it."""
        path = os.path.join(self.path, f'kernel-{then}-{fill}')
        return path if os.path.exists(path) else guest_kernel.write(path, then, fill * MIB)

    def held_emulator(self):
        path = os.path.join(self.dir, 'qemu-held')
        with open(path, 'w') as file:
            file.write(HELD_EMULATOR)
        os.chmod(path, 0o755)
        return path

    def hold_starts(self, hold=True):
        path = os.path.join(self.dir, 'qemu-held.hold')
        if hold:
            with open(path, 'w'):
                pass
        elif os.path.exists(path):
            os.unlink(path)

    def xml(self, name, then='halt', mib=16, fill=0, emulator=EMULATOR, uuid='', devices='',
            elements=''):
        """then, fill: see guest_kernel.py; fill is in MiB, and is memory on top of mib."""
        return f'''<domain type='qemu'>
  <name>{name}</name>
  {f'<uuid>{uuid}</uuid>' if uuid else ''}
  <memory unit='MiB'>{mib + fill}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{self.kernel(then, fill)}</kernel>
  </os>
  <features><acpi/></features>
  {elements}
  <devices>
    <emulator>{emulator}</emulator>
    {devices}
    <serial type='file'><source path='{self.serial_path(name)}' append='on'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>'''

    def define(self, name, **args):
        return self.conn.defineXML(self.xml(name, **args))

    def boot(self, name, **args):
        """A defined guest that runs, its kernel done with filling."""
        self.forget_serial(name)
        dom = self.define(name, **args)
        dom.create()
        self.booted(name)
        return dom

    def booted(self, name):
        until(lambda: b'F' in self.serial(name), f'{name} has booted', 60)

    def drop(self, *names):
        """Whatever they do."""
        for name in names:
            dom = self.dom(name)
            if dom.isActive():
                dom.destroy()
            if name in self.names():
                dom.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)

    # --- what it tells ---

    def dom(self, name):
        return self.conn.lookupByName(name)

    def names(self, flags=0):
        return sorted(dom.name() for dom in self.conn.listAllDomains(flags))

    def serial_path(self, name):
        return os.path.join(self.dir, f'serial-{name}')

    def serial(self, name):
        try:
            with open(self.serial_path(name), 'rb') as file:
                return file.read()
        except FileNotFoundError:
            return b''

    def forget_serial(self, name):
        if os.path.exists(self.serial_path(name)):
            os.truncate(self.serial_path(name), 0)

    def ticks(self, name):
        """Its CPU does something from now on."""
        before = len(self.serial(name))
        until(lambda: len(self.serial(name)) > before, f'{name} ticks')

    def state(self, name):
        return tuple(self.dom(name).state())

    def in_state(self, name, state, reason=None):
        def reached():
            now = self.state(name)
            return now[0] == state and reason in (None, now[1])
        try:
            until(reached, f'{name} is in state {state}, {reason}', 30)
        except AssertionError as error:
            fail(f'{error}; it is in {self.state(name)}')

    def qmp(self, name, command, /, **arguments):
        text = json.dumps({'execute': command, 'arguments': arguments})
        return json.loads(libvirt_qemu.qemuMonitorCommand(self.dom(name), text, 0))['return']

    def memory(self, name, fill):
        """A digest of the memory that the kernel has filled."""
        path = os.path.join(self.dir, 'memory')
        self.qmp(name, 'pmemsave', val=guest_kernel.FILL_FROM, size=fill * MIB, filename=path)
        try:
            return crash_lib.digest(path)
        finally:
            os.unlink(path)

    # --- its processes ---

    def qemus(self):
        """{pid: id of the guest}, found by their working directories."""
        found = {}
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                cwd = os.readlink(f'/proc/{pid}/cwd')
            except OSError:
                continue
            if cwd.startswith(f'{self.dir}/run/qemu/'):
                found[int(pid)] = cwd.split('/')[-1].split(' ')[0]
        return found

    def qemu(self, name):
        """The process of a guest, which may be about to come."""
        number = str(self.dom(name).ID())

        def find():
            return [pid for pid, of in self.qemus().items() if of == number]
        [pid] = until(find, f'the QEMU of {name} is there')
        return pid

    def stop_process(self, pid):
        if not is_gone(pid):
            os.kill(pid, signal.SIGSTOP)
        until(lambda: process_state(pid) in ('T', None), f'process {pid} is stopped')

    def held_start(self, *args):
        """A job that starts a guest and is held before QEMU does anything: (job, pid)."""
        before = set(self.qemus())
        self.hold_starts()
        job = self.begin(*args)
        [pid] = until(lambda: set(self.qemus()) - before, 'QEMU has been started')
        until(lambda: process_state(pid) == 'T', 'it has stopped itself')
        self.hold_starts(False)
        return job, pid

    def held_out(self, name, *args):
        """A save or dump of a guest, its QEMU stopped in the middle: (job, pid)."""
        slow = ['--speed', '32MiB'] if args[0] == 'save' else []
        for _ in range(20):
            pid = self.qemu(name)
            job = self.begin(*args, *slow)
            temp = os.path.join(os.path.dirname(args[2]), f'.virtjobd-{job}')

            def begun():
                return os.path.exists(temp) and os.stat(temp).st_size > MIB
            until(lambda: begun() or is_gone(pid) or os.path.exists(args[2]),
                  'bytes are written')
            self.stop_process(pid)
            if self.job(job)['phase'] == 'running':
                if slow:
                    self('job-speed', str(job), '0')
                return job, pid
            if not is_gone(pid):
                os.kill(pid, signal.SIGCONT)  # it was too quick for us
            self.ends(job, 'complete')
            os.unlink(args[2])
            if not self.dom(name).isActive():
                self.forget_serial(name)
                self.dom(name).create()
                self.booted(name)
        return fail(f'{args} is always over too soon')

    def held_in(self, path, *args):
        """A start from an image of much memory, QEMU stopped while it reads it: (job, pid)."""
        def reads(pid):  # thousands of looks before the job's turn, which takes far longer
            return any(read_offset(pid, path) > 4 * MIB for _ in range(5000))
        for _ in range(20):
            job, pid = self.held_start(*args)
            os.kill(pid, signal.SIGCONT)
            until(lambda: reads(pid) or self.job(job)['phase'] == 'ended', 'it reads the image')
            self.stop_process(pid)
            if self.job(job)['phase'] == 'running':
                return job, pid
            os.kill(pid, signal.SIGCONT)  # it was too quick for us
            dom = self.dom(self.ends(job, 'complete')['name'])
            if args[0] == 'start':
                dom.managedSave(0)
            else:
                dom.destroy()
        return fail(f'{args} is always over too soon')

    def quiet(self):
        """Nothing is left of any guest."""
        until(lambda: not self.qemus(), 'no QEMU is left')
        until(lambda: not os.path.isdir(f'{self.dir}/run/qemu')
              or not os.listdir(f'{self.dir}/run/qemu'), 'no directory of a guest is left')
        left = [name for name in os.listdir(self.path) if name.startswith('.virtjobd')]
        equal(left, [], 'temporary files')
        equal(self.names(), [], 'domains')


def patient(seconds):
    """Not a wait: a bound for what must not take long."""
    return time.monotonic() + seconds * SLOWER


class HeldJournal(Guests):
    """Its journal is held by the rules of hold.c, too."""

    def __init__(self, conf=''):
        super().__init__(conf)
        self.env['HOLD_PATH'] = self.dir


def run(*tests, conf='', guests=Guests):
    with guests(conf) as d:
        for test in tests:
            start = time.monotonic()
            test(d)
            d.quiet()
            said = (test.__doc__ or test.__name__).split('\n')[0].rstrip('.')
            print(f'ok: {said} ({time.monotonic() - start:.1f} s)', flush=True)
        d.term()  # what it has lost is told at its end


def tiny_guest():
    """(kernel, initrd) of a small Linux; None, and said why, where there can be none."""
    where = os.path.join(crash_lib.BUILD, 'tests', 'tiny-guest')
    tool = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../tools/tiny-guest')
    made = subprocess.run([tool, where], capture_output=True, text=True)
    if made.returncode:
        print(f'left out: no Linux guest: {made.stderr.strip()}')
        return None
    return os.path.join(where, 'vmlinuz'), os.path.join(where, 'initrd.gz')
