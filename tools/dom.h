/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands on domains, by file; their rows are in dom-commands.c, those of
 * the ones that only tell in dom-show-commands.c.
 */
#ifndef VIRTJOB_DOM_H
#define VIRTJOB_DOM_H

#include "tools/args.h"
#include "tools/cli.h"

/* dom-find.c */
/* By id (all digits), else UUID, else name. */
virDomainPtr dom_lookup(struct cli *cli, const char *name);
virDomainPtr dom_of(struct cli *cli, const struct args *args); /* that of --domain; or told */
#define DOM_NO_ID ((unsigned int)-1) /* of a domain that is not active */
char *dom_id_text(virDomainPtr dom); /* "12", or "-"; a new string */

/* dom-xml.c: of the commands that print XML and have --xpath and --wrap */
int dom_xml_check(const struct args *args);
int dom_xml_print(const struct args *args, const char *xml);

/* dom-impact.c: of the commands with --live, --config and --current */
extern const struct flag_row dom_impact_flags[];
int dom_impact_check(const struct args *args);

/* dom-define.c */
int dom_define(struct cli *cli, const struct args *args);
int dom_undefine_check(const struct args *args);
int dom_undefine(struct cli *cli, const struct args *args);
int dom_rename(struct cli *cli, const struct args *args);
int dom_autostart(struct cli *cli, const struct args *args);

/* dom-life.c */
extern const char *const dom_stop_modes[]; /* ended by NULL */
int dom_create(struct cli *cli, const struct args *args);
int dom_start(struct cli *cli, const struct args *args);
int dom_stop_check(const struct args *args); /* of shutdown and reboot */
int dom_shutdown(struct cli *cli, const struct args *args);
int dom_reboot(struct cli *cli, const struct args *args);
int dom_reset(struct cli *cli, const struct args *args);
int dom_inject_nmi(struct cli *cli, const struct args *args);
int dom_wakeup(struct cli *cli, const struct args *args);
int dom_destroy(struct cli *cli, const struct args *args);
int dom_suspend(struct cli *cli, const struct args *args);
int dom_resume(struct cli *cli, const struct args *args);

/* dom-save.c */
extern const char *const dom_dump_formats[]; /* by virDomainCoreDumpFormat, ended by NULL */
extern const struct flag_row dom_resume_flags[]; /* of --running and --paused */
int dom_save_check(const struct args *args); /* of every command with --running and --paused */
int dom_save(struct cli *cli, const struct args *args);
int dom_restore(struct cli *cli, const struct args *args);
int dom_managedsave(struct cli *cli, const struct args *args);
int dom_managedsave_remove(struct cli *cli, const struct args *args);
int dom_dump_check(const struct args *args);
int dom_dump(struct cli *cli, const struct args *args);

/* dom-image.c */
int dom_image_dumpxml(struct cli *cli, const struct args *args);
int dom_image_define(struct cli *cli, const struct args *args);
int dom_managedsave_dumpxml(struct cli *cli, const struct args *args);
int dom_managedsave_define(struct cli *cli, const struct args *args);

/* dom-edit.c */
int dom_edit(struct cli *cli, const struct args *args);
int dom_image_edit(struct cli *cli, const struct args *args);
int dom_managedsave_edit(struct cli *cli, const struct args *args);

/* dom-metadata.c */
int dom_desc_check(const struct args *args);
int dom_desc(struct cli *cli, const struct args *args);
int dom_metadata_check(const struct args *args);
int dom_metadata(struct cli *cli, const struct args *args);

/* dom-size.c */
int dom_size_check(const struct args *args); /* of setmem and setmaxmem */
int dom_setmem(struct cli *cli, const struct args *args);
int dom_setmaxmem(struct cli *cli, const struct args *args);
int dom_setvcpus_check(const struct args *args);
int dom_setvcpus(struct cli *cli, const struct args *args);
int dom_vcpucount_check(const struct args *args);
int dom_vcpucount(struct cli *cli, const struct args *args);

/* dom-devices.c */
int dom_blklist(struct cli *cli, const struct args *args);
int dom_blkinfo_check(const struct args *args);
int dom_blkinfo(struct cli *cli, const struct args *args);
int dom_iflist(struct cli *cli, const struct args *args);
int dom_vncdisplay(struct cli *cli, const struct args *args);
int dom_ttyconsole(struct cli *cli, const struct args *args);

/* dom-console.c */
int dom_console(struct cli *cli, const struct args *args);

/* dom-screenshot.c */
int dom_screenshot(struct cli *cli, const struct args *args);

/* dom-monitor.c */
int dom_monitor_check(const struct args *args);
int dom_monitor(struct cli *cli, const struct args *args);
/* QEMU's or the agent's, as it came or made readable. */
void dom_answer_print(const char *answer, bool pretty, bool only_return);

/* dom-agent.c */
int dom_agent_check(const struct args *args);
int dom_agent(struct cli *cli, const struct args *args);
int dom_fsfreeze(struct cli *cli, const struct args *args);
int dom_fsthaw(struct cli *cli, const struct args *args);
int dom_time_check(const struct args *args);
int dom_time(struct cli *cli, const struct args *args);
int dom_hostname(struct cli *cli, const struct args *args);

/* dom-list.c */
int dom_list_check(const struct args *args);
int dom_list(struct cli *cli, const struct args *args);

/* dom-show.c */
int dom_info(struct cli *cli, const struct args *args);
int dom_state(struct cli *cli, const struct args *args);
int dom_control(struct cli *cli, const struct args *args);
int dom_dumpxml(struct cli *cli, const struct args *args);
int dom_id(struct cli *cli, const struct args *args);
int dom_name(struct cli *cli, const struct args *args);
int dom_uuid(struct cli *cli, const struct args *args);

/* dom-job.c */
int dom_job_info_check(const struct args *args);
int dom_job_info(struct cli *cli, const struct args *args);
int dom_job_abort(struct cli *cli, const struct args *args);

#endif
