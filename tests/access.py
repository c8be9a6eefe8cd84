#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may call what: each procedure of each program as every kind of identity, compared with
the table in tests/data/access.txt ("--print" writes it anew); what a rule, a reload and a
group do; and the audit records of all that."""

import os
import re
import shutil
import signal
import sys

sys.dont_write_bytecode = True
import wire

TABLE = os.path.join(wire.HERE, "data/access.txt")
ERR_ACCESS_DENIED = 88
check = wire.Checks()
me = "uid=%d" % os.getuid()

NOWHERE = dict(wire.NOWHERE, t=wire.job_by_id(1 << 60))


def rule(who, allow=None, deny=None, on=None):
    parts = ['who = "%s"' % who]
    parts += ['%s = "%s"' % pair for pair in (("allow", allow), ("deny", deny), ("on", on))
              if pair[1]]
    return "{ %s }" % "; ".join(parts)


def rules(*texts):
    return "access_rules = ( %s )\n" % ", ".join(texts)


# Kind of identity: settings, whether it comes over the read-only socket.
KINDS = {
    "admin": ("", False),
    "ro-socket": ("", True),
    "ro-listed": ('read_only_identities = [ "%s" ]\n' % me, False),
    "reader": (rules(rule("uid=4000000000", "*"), rule(me, "read")), False),
    "operator": (rules(rule(me, "read control")), False),
    "disks": (rules(rule("*", "read"), rule(me, "change data", on="volume"),
                    rule(me, "*", on="job")), False),
    "guests": (rules(rule(me, deny="monitor data", on="domain"), rule(me, "*", on="domain"),
                     rule(me, "read", on="connect")), False),
    "ro-admin": (rules(rule("*", "*")), True),
    "stranger": (rules(rule("uid=4000000000", "*")), False),
}
REFUSAL = re.compile(r"access denied: vir\w+ \((connect|domain|pool|volume|job) "
                     r"(read|control|change|data|monitor)\) is denied to %s pid=%d \(\S+\).* by "
                     r"(rule \d of access_rules \(.*\)|access_rules, none of which allows it)$"
                     % (me, os.getpid()))


def outcome(path, proc):
    """What the access check says to it; a call that passes it fails later, of something else."""
    try:
        client = wire.Client(path, opened=proc.name != "CONNECT_OPEN")
    except wire.WireError as e:
        check(e.code == ERR_ACCESS_DENIED, "open: code %d" % e.code)
        return "shut"
    try:
        client.call(proc.name, *(NOWHERE[field] for field in proc.args))
    except wire.WireError as e:
        if e.code == wire.ERR_DENIED:
            return "readonly"
        if e.code == ERR_ACCESS_DENIED:
            check(REFUSAL.match(e.message), "%s: message '%s'" % (proc.name, e.message))
            check(e.domain == 55, "%s: domain %d" % (proc.name, e.domain))
            return "rule"
    finally:
        client.close()
    return "-"


def walk():
    """A line for each procedure, a column for each kind."""
    columns = {}
    for kind, (config, readonly) in KINDS.items():
        with wire.Daemon(config) as daemon:
            path = daemon.ro_path if readonly else daemon.path
            columns[kind] = [outcome(path, proc) for proc in wire.PROCS]
            daemon.failures = check.failed
    yield "%-55s" % "# procedure" + " ".join("%-9s" % kind for kind in KINDS)
    for i, proc in enumerate(wire.PROCS):
        name = "%s %s" % ({wire.REMOTE: "remote", wire.QEMU: "qemu", wire.JOB: "job"}[proc.program],
                          proc.name)
        yield "%-55s" % name + " ".join("%-9s" % columns[kind][i] for kind in KINDS)


def compare(lines):
    with open(TABLE) as f:
        expected = f.read().splitlines()
    check(expected, "an empty table")
    for line in sorted(set(lines) ^ set(expected)):
        check(False, "%s: %s" % ("now" if line in lines else "table", line))
    check([line.split()[:2] for line in lines] == [line.split()[:2] for line in expected],
          "the table has other procedures, or in another order")


def audit(daemon, what):
    """The records of that kind, each a dictionary of its parts."""
    found = re.findall(r"audit: what=%s( .*)" % what, daemon.log())
    return [dict(re.findall(r' (\w+)="((?:[^"\\]|\\.)*)"', text)) for text in found]


def reload(daemon, config):
    """By SIGHUP; waits for the line of the log, which is written before another call is answered."""
    def said():
        return len(re.findall("reading |the settings stay", daemon.log()))
    before = said()
    with open(daemon.dir + "/conf", "w") as f:
        f.write(config)
    daemon.process.send_signal(signal.SIGHUP)
    wire.wait_until(lambda: said() > before, "the reload")


def try_secrets():
    """Reading a definition is one thing, reading the passwords in it another."""
    for config, code in ((rules(rule(me, "read control change monitor")), wire.ERR_DENIED),
                         (rules(rule(me, "read data")), wire.ERR_NO_DOMAIN)):
        with wire.Daemon(config) as daemon:
            check.refused(code, "secrets", daemon.client().call, "DOMAIN_GET_XML_DESC",
                          NOWHERE["d"], 1)
            check([r["operation"] for r in audit(daemon, "denied")] ==
                  (["data"] if code == wire.ERR_DENIED else []), "the record of a secret")


def emulator_calls(emulator):
    """Each call that asks an emulator which the client names, and its arguments."""
    cpu = "<cpu><model>qemu64</model></cpu>"
    domain = ("<domain type='qemu'><name>x</name><memory>65536</memory><os><type>hvm</type></os>"
              "<devices><emulator>%s</emulator></devices></domain>" % emulator)
    yield "CONNECT_GET_DOMAIN_CAPABILITIES", emulator, None, None, "qemu", 0
    yield "CONNECT_COMPARE_HYPERVISOR_CPU", emulator, None, None, "qemu", cpu, 0
    yield "CONNECT_BASELINE_HYPERVISOR_CPU", emulator, None, None, "qemu", [cpu], 0
    yield "CONNECT_DOMAIN_XML_TO_NATIVE", "qemu-argv", domain, 0


def try_emulators():
    """What a client names is run only for who could define a guest that runs it."""
    for allow, may in (("read control data monitor", False), ("read change", True)):
        with wire.Daemon(rules(rule(me, allow))) as daemon:
            client = daemon.client()
            program, ran = daemon.dir + "/program", daemon.dir + "/ran"
            calls = list(emulator_calls(program))
            for call in calls:
                with open(program, "w") as f: # new each time, so that nobody remembers it
                    f.write("#!/bin/sh\n>>%s\nexit 1 # %s\n" % (ran, call[0]))
                os.chmod(program, 0o755)
                e = check.refused(wire.ERR_FAILED if may else ERR_ACCESS_DENIED, call[0],
                                  client.call, *call)
                check(program in str(e), "message '%s'" % e)
                check(os.path.exists(ran) == may, "%s: was it run?" % call[0])
                if os.path.exists(ran):
                    os.unlink(ran)
            own = shutil.which("qemu-system-x86_64")
            for call in emulator_calls(own) if own else ():
                client.call(*call)
            records = [] if may else [("domain", "change")] * len(calls)
            check([(r["object"], r["operation"]) for r in audit(daemon, "denied")] == records,
                  "the records of %d refusals" % len(records))
            daemon.failures = check.failed


D, P = NOWHERE["d"], NOWHERE["p"]
CRASH, RESET, REMOVE_LOGS = 1, 8, 2
# On what, and a right that such a call takes, some of them besides that of their row.
MORE = (
    ("domain", "control", "DOMAIN_SAVE", D, "/x"),
    ("domain", "control", "DOMAIN_SAVE_FLAGS", D, "/x", None, 0),
    ("domain", "control", "DOMAIN_SAVE_PARAMS", D, [("file", "/x")], 0),
    ("domain", "control", "DOMAIN_SAVE_PARAMS", D, [], 0),
    ("domain", "change", "DOMAIN_SAVE_FLAGS", D, "/x", "<domain/>", 0),
    ("domain", "change", "DOMAIN_SAVE_PARAMS", D, [("file", "/x"), ("dxml", "<domain/>")], 0),
    ("domain", "change", "DOMAIN_SAVE_PARAMS", D, [("dxml", "<domain/>")], 0),
    ("domain", "control", "DOMAIN_CORE_DUMP", D, "/x", CRASH),
    ("domain", "control", "DOMAIN_CORE_DUMP", D, "/x", RESET),
    ("domain", "control", "DOMAIN_CORE_DUMP_WITH_FORMAT", D, "/x", 0, CRASH),
    ("domain", "control", "DOMAIN_CORE_DUMP_WITH_FORMAT", D, "/x", 0, RESET),
    ("domain", "change", "DOMAIN_DESTROY_FLAGS", D, REMOVE_LOGS),
    ("domain", "monitor", "DOMAIN_SET_USER_PASSWORD", D, "root", "x", 0),
    ("domain", "monitor", "DOMAIN_AUTHORIZED_SSH_KEYS_GET", D, "root", 0),
    ("domain", "monitor", "DOMAIN_AUTHORIZED_SSH_KEYS_SET", D, "root", [], 0),
    ("pool", "change", "STORAGE_POOL_CREATE", P, 1),
    ("pool", "change", "STORAGE_POOL_CREATE", P, 2),
    ("pool", "change", "STORAGE_POOL_CREATE", P, 4),
)


def try_more():
    """Each with all rights but that one, and on a daemon whose rules allow all."""
    for kind, right in sorted({case[:2] for case in MORE}):
        calls = [case[2:] for case in MORE if case[:2] == (kind, right)]
        with wire.Daemon(rules(rule(me, deny=right, on=kind), rule(me, "*"))) as daemon:
            client = daemon.client()
            for call in calls:
                e = check.refused(ERR_ACCESS_DENIED, "%s without %s" % (call[0], right),
                                  client.call, *call, match=r"^access denied: vir\w+ .*"
                                  r"\(%s %s\) is denied to uid=.* by rule 1 " % (kind, right))
                check(e and e.domain == 55, "%s: domain of the error" % call[0])
            check([(r["object"], r["operation"]) for r in audit(daemon, "denied")] ==
                  [(kind, right)] * len(calls), "the records")
            daemon.failures = check.failed
    with wire.Daemon(rules(rule(me, "*"))) as daemon:
        for _, _, *call in MORE:
            check.refused((wire.ERR_NO_DOMAIN, wire.ERR_NO_POOL), call[0], daemon.client().call,
                          *call)


def try_managed():
    """Nobody writes where managed save images are but the calls for them, whatever the name."""
    with wire.Daemon() as daemon:
        client, inside = daemon.client(), daemon.dir + "/state/save"
        os.symlink(inside, daemon.dir + "/link")
        for dir in (inside, inside + "/../save", daemon.dir + "/link"):
            check.refused(wire.ERR_INVALID_ARG, dir, client.call, "DOMAIN_SAVE_IMAGE_DEFINE_XML",
                          dir + "/x.save", "<domain/>", 0, match="where managed save images are")
        check.refused(wire.ERR_SYSTEM, "elsewhere", client.call, "DOMAIN_SAVE_IMAGE_DEFINE_XML",
                      daemon.dir + "/x.save", "<domain/>", 0)


def try_reload():
    """A rule holds from the next call on, for connections that are open, too."""
    with wire.Daemon("log_level = 2\n") as daemon:
        client = daemon.client()
        pool = client.start_pool("pool", daemon.dir + "/pool")
        reload(daemon, rules(rule(me, "read")))
        e = check.refused(ERR_ACCESS_DENIED, "build", client.call, "STORAGE_POOL_BUILD", pool, 0)
        check(client.pools() == ["pool"], "reading is allowed")
        reload(daemon, rules(rule(me, "no such word")))
        check("is no operation" in daemon.log(), "a bad rule is logged")
        check.refused(ERR_ACCESS_DENIED, "build", client.call, "STORAGE_POOL_BUILD", pool, 0)
        reload(daemon, 'read_only_identities = [ "%s" ]\n' % me)
        check.refused(wire.ERR_DENIED, "listed", client.call, "STORAGE_POOL_BUILD", pool, 0)
        reload(daemon, "")
        client.call("STORAGE_POOL_REFRESH", pool, 0)
        denied = audit(daemon, "denied")
        check(len(denied) == 3, "%d refusals recorded" % len(denied))
        check(denied[0]["api"] == "virStoragePoolBuild" and denied[0]["reason"] == e.message and
              denied[0]["identity"].startswith(me) and denied[0]["object"] == "pool" and
              denied[0]["operation"] == "change", "the record: %r" % denied[0])


def try_job_records():
    """Start, cancel and end of each job, and who."""
    with wire.Daemon("log_level = 2\n") as daemon:
        client = daemon.client()
        pool = client.start_pool("pool", daemon.dir + "/pool")
        vol = client.slow_wipe(pool, "vol")
        client.call("CANCEL", wire.job_of_vol(vol), 0)
        job = client.wait(wire.job_of_vol(vol))
        check(job.state == wire.CANCELLED, "state %d" % job.state)
        for what, result in (("job-start", None), ("job-cancel", None), ("job-end", "cancelled")):
            records = [r for r in audit(daemon, what) if r.get("job") == str(job.id)]
            check(len(records) == 1, "%d records %s" % (len(records), what))
            record = records[0]
            check(record["object"] == "volume 'vol' in pool 'pool'" and
                  record["identity"] == job.started_by and record.get("result") == result,
                  "the record: %r" % record)
        # a short operation has no id
        client.call("STORAGE_POOL_DESTROY", pool)
        short = audit(daemon, "job-end")[-1]
        check("job" not in short and short["operation"] == "pool-destroy" and
              short["result"] == "complete", "the record: %r" % short)
        check(not audit(daemon, "connection-open"), "connections are not recorded by default")
        reload(daemon, "audit_level = 2\n")
        daemon.client().close()
        wire.wait_until(lambda: audit(daemon, "connection-end"), "the record of an end")
        check(audit(daemon, "connection-open")[0]["access"] == "read-write", "the opening")
        reload(daemon, "audit_level = 0\n")
        before = daemon.log().count("audit: ")
        client.call("STORAGE_POOL_CREATE", pool, 0)
        check(daemon.log().count("audit: ") == before, "a record at level 0")


def connect_as(path, gid, groups):
    """A connection of a process with these groups; only root can."""
    os.setgroups(groups)
    os.setegid(gid)
    try:
        return wire.Client(path)
    finally:
        os.setegid(0)
        os.setgroups([])


def try_groups():
    if os.getuid() != 0:
        print("not root: other groups are not tried")
        return
    with wire.Daemon(rules(rule("gid=4001", deny="read", on="pool"),
                           rule("gid=4002", "*"), rule("*", "read"))) as daemon:
        xml = "<pool type='dir'><name>p</name><target><path>%s/p</path></target></pool>"
        define = "STORAGE_POOL_DEFINE_XML", xml % daemon.dir, 0
        plain = connect_as(daemon.path, 0, [])
        primary = connect_as(daemon.path, 4002, [])
        member = connect_as(daemon.path, 0, [4001, 4002])
        check.refused(ERR_ACCESS_DENIED, "no group", plain.call, *define)
        pool = primary.call(*define).pool()
        member.call("STORAGE_POOL_BUILD", pool, 0)
        check(plain.pools() == ["p"] and primary.pools() == ["p"], "they read")
        check.refused(ERR_ACCESS_DENIED, "the first rule that fits", member.pools,
                      match="by rule 1 of access_rules")


def unit_directory():
    """A cgroup named as systemd names that of a unit, or None."""
    with open("/proc/mounts") as f:
        mounts = [line.split()[1] for line in f if line.split()[2] == "cgroup2"]
    for mount in mounts:
        path = "%s/system.slice/virtjobd-test-%d.service" % (mount, os.getpid())
        try:
            os.makedirs(path)
            return path
        except OSError:
            pass
    return None


def child_of_unit(cgroup, path):
    """In a process of that unit: it may what its rule says, and its identity names the unit."""
    with open(cgroup + "/cgroup.procs", "w") as f:
        f.write(str(os.getpid()))
    client = wire.Client(path)
    client.define_pool("of-unit", "/none")
    r = client.call("CLIENT_LIST", 0, 0, 10)
    newest = [r.uint(), r.hyper(), r.hyper(), r.int(), r.int(), r.text()]
    return 0 if "unit=" + os.path.basename(cgroup) in newest[-1].split() else 1


def try_unit():
    cgroup = unit_directory() if os.getuid() == 0 else None
    if not cgroup:
        print("no cgroup can be made here: units are not tried")
        return
    try:
        with wire.Daemon(rules(rule("unit=virtjobd-test-*.service uid=0", "*"),
                               rule("*", "read"))) as daemon:
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    status = child_of_unit(cgroup, daemon.path)
                finally:
                    os._exit(status)
            check(os.waitpid(pid, 0)[1] == 0, "a process of the unit")
            check.refused(ERR_ACCESS_DENIED, "another process", daemon.client().define_pool, "p",
                          "/none")
            daemon.failures = check.failed
    finally:
        wire.wait_until(lambda: not open(cgroup + "/cgroup.procs").read(), "its end")
        os.rmdir(cgroup)
        try:
            os.rmdir(os.path.dirname(cgroup)) # where we made it
        except OSError:
            pass


if sys.argv[1:] == ["--print"]:
    print("\n".join(line.rstrip() for line in walk()))
    sys.exit(0)
compare([line.rstrip() for line in walk()])
try_secrets()
try_emulators()
try_more()
try_managed()
try_reload()
try_job_records()
try_groups()
try_unit()
sys.exit(check.end())
