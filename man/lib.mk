# SPDX-License-Identifier: LGPL-2.1-or-later
# The client library's manual.

dist_man_MANS += man/libvirtjob.3

# 'man virStorageVolGetJobInfo' leads to libvirtjob(3); so do all functions on jobs.
job_function_pages = \
	man/virConnectCancelJob.3 \
	man/virConnectGetJobError.3 \
	man/virConnectGetJobRecord.3 \
	man/virConnectListAllJobs.3 \
	man/virConnectPauseJob.3 \
	man/virConnectResumeJob.3 \
	man/virConnectSetJobSpeed.3 \
	man/virConnectWaitJob.3 \
	man/virDomainAbortJob.3 \
	man/virDomainAbortJobFlags.3 \
	man/virDomainCancelJob.3 \
	man/virDomainGetJobError.3 \
	man/virDomainGetJobInfo.3 \
	man/virDomainGetJobRecord.3 \
	man/virDomainGetJobStats.3 \
	man/virDomainSetJobSpeed.3 \
	man/virDomainWaitJob.3 \
	man/virJobRecordFree.3 \
	man/virStoragePoolCancelJob.3 \
	man/virStoragePoolGetJobError.3 \
	man/virStoragePoolGetJobInfo.3 \
	man/virStoragePoolGetJobRecord.3 \
	man/virStoragePoolSetJobSpeed.3 \
	man/virStoragePoolWaitJob.3 \
	man/virStorageVolCancelJob.3 \
	man/virStorageVolGetJobError.3 \
	man/virStorageVolGetJobInfo.3 \
	man/virStorageVolGetJobRecord.3 \
	man/virStorageVolSetJobSpeed.3 \
	man/virStorageVolWaitJob.3 \
	$(NULL)
nodist_man_MANS = $(job_function_pages)
CLEANFILES += $(job_function_pages)
$(job_function_pages):
	$(AM_V_GEN)$(MKDIR_P) $(@D) && echo '.so man3/libvirtjob.3' >$@
