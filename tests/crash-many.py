#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many small jobs and many kill -9 at random moments: none is lost, none is half made.

Clones, deletes and cancels run against each other until the daemon is killed under them.  After
the restart each job that was answered for must be there and end; a volume is there, and right, if
and only if its jobs say so.  ROUNDS and SEED may be set.
"""

import os
import random
import threading
import time

from crash_lib import MIB, CommandFailed, Daemon, check, digest, equal, until

ROUNDS = int(os.environ.get('ROUNDS', '8'))
SEED = int(os.environ.get('SEED', time.time_ns()))


class Client(threading.Thread):
    """Asks for one job after the other until its daemon is gone."""

    def __init__(self, d, seed, make, delete):
        super().__init__()
        self.d, self.random = d, random.Random(seed)
        self.make, self.delete = make, list(delete)
        self.accepted = {}  # id: (operation, name)
        self.unanswered = None

    def run(self):
        try:
            for name in self.make:
                self.ask('vol-clone', name, '--pool', 'p', 'src', name)
                if self.delete and self.random.random() < 0.5:
                    victim = self.delete.pop()
                    self.ask('vol-delete', victim, victim, '--pool', 'p')
                if self.random.random() < 0.4:
                    self.cancel(self.random.choice(list(self.accepted)))
        except CommandFailed:
            pass  # it was killed: the answer is not known, the journal is right

    def ask(self, operation, name, *args):
        self.unanswered = operation, name
        self.accepted[self.d.begin(operation, *args)] = operation, name
        self.unanswered = None

    def cancel(self, number):
        try:
            self.d('job-cancel', str(number))
        except CommandFailed as error:
            if 'already' not in error.text and 'point of no return' not in error.text:
                raise


def walk_round(d, rand, number, wanted):
    copies = [name for name in d.volumes() if name != 'src']
    clients = [Client(d, rand.random(), [f'r{number}-{who}-{n}' for n in range(40)],
                      copies[who::3]) for who in range(3)]
    for client in clients:
        client.start()
    time.sleep(rand.uniform(0.02, 0.6))  # the kill is to come at any moment
    d.kill9()
    for client in clients:
        client.join()
    d.start()
    until(lambda: all(job['phase'] == 'ended' for job in d.jobs()), 'all jobs have ended', 60)
    jobs = {job['id']: job for job in d.jobs()}
    there = set(copies)
    for client in clients:
        for job_id, (operation, name) in client.accepted.items():
            check(job_id in jobs, f'job {job_id} is lost')
            equal((jobs[job_id]['operation'], jobs[job_id]['name']), (operation, name), 'the job')
    for job in (jobs[job_id] for job_id in sorted(jobs) if job_id > wanted['last']):
        check(job['state'] in ('complete', 'cancelled') or 'interrupted' in str(job['error']),
              f'how it ended: {job}')
        if job['state'] == 'complete' and job['operation'] == 'vol-clone':
            there.add(job['name'])
        if job['state'] == 'complete' and job['operation'] == 'vol-delete':
            there.discard(job['name'])
    equal(sorted(d.volumes()), sorted(there | {'src'}), 'volumes')
    equal(d.files(), sorted(there | {'src'}), 'files')
    for name in there:
        equal(digest(d.file(name)), wanted['digest'], name)
    wanted['last'] = max(jobs)
    states = [job['state'] for job in jobs.values()]
    return {state: states.count(state) for state in sorted(set(states))}


def main():
    print(f'SEED={SEED}')
    rand = random.Random(SEED)
    with Daemon() as d:
        wanted = {'digest': d.make('src', 6 * MIB), 'last': 0}
        wanted['last'] = max(job['id'] for job in d.jobs())
        d.rule('copy_file_range', 'delay', 4000)
        for number in range(ROUNDS):
            states = walk_round(d, rand, number, wanted)
    print(f'{ROUNDS} kills: {states}')


main()
