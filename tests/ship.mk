# SPDX-License-Identifier: LGPL-2.1-or-later
# What is delivered: set-up scripts, documents, the tests' own helper; and the suite's other ways
# to run.

EXTRA_DIST += \
	.ci/run \
	.shellcheckrc \
	HACKING.md \
	README.md \
	quickstart \
	runtests \
	tests/functions.sh \
	tests/valgrind.sh \
	tests/valgrind.supp \
	tools/setup.sh \
	tools/tiny-guest \
	$(NULL)

ship_tests = \
	tests/guest-example.sh \
	tests/test-documents.sh \
	tests/test-functions.sh \
	tests/test-install.sh \
	tests/test-quickstart.sh \
	tests/test-scripts.sh \
	$(NULL)
TESTS += $(ship_tests)
dist_check_SCRIPTS += $(ship_tests)

# Made once for quickstart and the tests.
clean-local:
	-rm -rf tests/tiny-guest

# Under a sanitizer: what looks at the tree and at what is delivered is the same without.
check-sanitized:
	VIRTJOBD_SLOWER=10 CK_TIMEOUT_MULTIPLIER=10 \
	  $(MAKE) check TESTS="$(filter-out $(ship_tests),$(TESTS))"
# Without those that need half a minute and more, or wait for most of it, and walk code that others
# walk, too.
sanitized_slow = \
	$(stock_tests) \
	tests/crash-cancel.py \
	tests/crash-resume.py \
	tests/crash-table.py \
	tests/crowd.py \
	tests/domains.sh \
	tests/guests-agent.py \
	tests/guests-backup-ends.py \
	tests/guests-backup.py \
	tests/guests-bitmaps.py \
	tests/guests-blockjobs.py \
	tests/guests-broken-qemu.py \
	tests/guests-cancel.py \
	tests/guests-checkpoints.py \
	tests/guests-life.py \
	tests/guests-snapshot-merge.py \
	tests/guests-snapshots.py \
	tests/guests-states.py \
	tests/guests-table.py \
	tests/job-speed.py \
	tests/keepalive.sh \
	tests/soak.py \
	$(NULL)
check-sanitized-quick:
	$(MAKE) check-sanitized TESTS="$(filter-out $(sanitized_slow),$(TESTS))"

# The same tests under valgrind: unit tests by LOG_COMPILER, daemon and tool by the wrapper.
valgrind_command = valgrind --quiet --error-exitcode=99 --leak-check=full \
	--show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=30 \
	--suppressions=$(abs_top_srcdir)/tests/valgrind.supp
valgrind_compiler = $(abs_top_srcdir)/tests/valgrind.sh \
	$(LIBTOOL) --quiet --mode=execute $(valgrind_command) --
unit_tests = $(filter tests/unit/% tests/fuzz/%,$(TESTS))
# A copy is looked at byte by byte; valgrind stops every thread while one closes a socket that
# lingers.
valgrind_slow = tests/unit/test-closer tests/unit/test-io_copy

# Debian 12's valgrind has no pidfd_open(), by which a guest's process is watched.
valgrind_cannot = \
	$(doms_tests) \
	$(guest_tests) \
	$(stock_tests) \
	tests/guest-example.sh \
	tests/guests-table.py \
	tests/test-quickstart.sh \
	tests/unit/test-caps_cache \
	tests/unit/test-caps_probe \
	tests/unit/test-caps_xml \
	tests/unit/test-command-qemu \
	tests/unit/test-process \
	$(NULL)

check-valgrind: all
	VIRTJOBD_WRAPPER="$(valgrind_command)" VIRTJOBD_SLOWER=40 CK_TIMEOUT_MULTIPLIER=40 \
	  $(MAKE) check LOG_COMPILER="$(valgrind_compiler)" \
	  TESTS="$(filter-out $(valgrind_cannot) $(valgrind_slow),$(TESTS))"
check-valgrind-unit:
	$(MAKE) check-valgrind TESTS="$(unit_tests)"

# distcheck, but that of the tests only those run that look at the tree and at what is installed.
distcheck_tests = \
	tests/test-daemon.sh \
	tests/test-documents.sh \
	tests/test-install.sh \
	tests/test-scripts.sh \
	$(lib_outside_tests) \
	$(NULL)
distcheck-quick:
	$(MAKE) distcheck TESTS="$(distcheck_tests)"

.PHONY: check-sanitized check-sanitized-quick check-valgrind check-valgrind-unit distcheck-quick
