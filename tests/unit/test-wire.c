/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The bytes of every struct on the wire, compared with stored ones that
 * tests/wire-samples.py packed by XDR's rules, without rpcgen.  The values
 * here are its values, in its order.
 */

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "protocol/frame.h"
#include "protocol/job.h"
#include "protocol/macros.h"
#include "protocol/qemu.h"
#include "protocol/remote.h"
#include "protocol/wire.h"

/* --- the values --- */

#define INT 0x01020304
#define NEGATIVE (-2)
#define FLAGS 0xc0000005
#define HYPER 0x1122334455667788
#define UUID                                                                                      \
    {                                                                                             \
        '\xa0', '\xa1', '\xa2', '\xa3', '\xa4', '\xa5', '\xa6', '\xa7', '\xa8', '\xa9', '\xaa',   \
        '\xab', '\xac', '\xad', '\xae', '\xaf',                                                   \
    }

/* the fields are not const, and literals are */
#define TEXT(string) ((char[]){ string })
#define DOMAIN_ { .name = TEXT("guest"), .uuid = UUID, .id = 7 }
#define SNAPSHOT_FIELDS .name = TEXT("before"), .domain = DOMAIN_
#define SNAPSHOT_ { SNAPSHOT_FIELDS }
#define POOL_ { .name = TEXT("pool"), .uuid = UUID }
#define VOL_ { .pool = TEXT("pool"), .name = TEXT("disk.raw"), .key = TEXT("/p/disk.raw") }
#define OPT(string) (&(wire_text){ TEXT(string) })
#define NO_TEXT NULL
#define ERROR_                                                                                    \
    {                                                                                             \
        .code = 55, .domain = 18, .message = OPT("busy"), .level = 2, .str1 = OPT("%s"),          \
        .str2 = OPT("busy"), .int1 = -1, .int2 = INT,                                             \
    }
#define INFO_                                                                                     \
    {                                                                                             \
        .type = 1, .state = 2, .running_time = 0x0a0b0c0d, .remaining_time = FLAGS,               \
        .percent_complete = 99,                                                                   \
    }
#define CLIENT_                                                                                   \
    {                                                                                             \
        .id = HYPER, .connected_at = -1, .transport = 2, .readonly = 1, .identity = TEXT("root"),  \
        .calls = 3, .streams = 4, .jobs = 5                                                       \
    }
#define RECORD_                                                                                   \
    {                                                                                             \
        .id = HYPER, .kind = 2, .name = TEXT("disk.raw"), .pool = TEXT("pool"), .uuid = UUID,     \
        .operation = TEXT("vol-clone"), .phase = 3, .info = INFO_, .done = HYPER + 1,             \
        .total = HYPER + 2, .rate = HYPER + 3, .queued_at = -1, .started_at = HYPER + 4,          \
        .ended_at = HYPER + 5, .started_by = TEXT("root"), .note = OPT("note"),                   \
        .error_code = 38, .error_message = OPT("no space"), .error_output = OPT("tail"),          \
        .speed = HYPER + 6,                                                                       \
    }
#define FS_                                                                                       \
    {                                                                                             \
        .mountpoint = TEXT("/mnt"), .name = TEXT("vda1"), .type = TEXT("ext4"),                   \
        .disks = ARRAY(disks, wire_text, TEXT("vda"), TEXT("vdb")),                               \
    }
#define ADDRESS_ { .type = 1, .address = TEXT("::1"), .prefix = 128 }
#define INTERFACE_                                                                                \
    {                                                                                             \
        .name = TEXT("lo"), .hwaddr = OPT("00:00"),                                               \
        .addresses = ARRAY(addresses, remote_agent_address, ADDRESS_,                             \
                           { .address = TEXT(""), .prefix = 9 }),                                 \
    }
#define PARAM_                                                                                    \
    {                                                                                             \
        .field = TEXT("file"),                                                                    \
        .value = { .type = WIRE_PARAM_STRING, .wire_param_value_u = { .s = TEXT("/x") } },        \
    }
#define BY_ID { .kind = JOB_TARGET_ID, .job_target_u = { .id = HYPER } }

/* counts and elements of an array field, as rpcgen names them */
#define ARRAY(field, type, ...)                                                                   \
    { .field##_len = sizeof((type[]){ __VA_ARGS__ }) / sizeof(type),                              \
      .field##_val = (type[]){ __VA_ARGS__ } }

/* text with its NUL, each of its bytes an element */
#define CHARS(field, string)                                                                      \
    { .field##_len = sizeof(string), .field##_val = TEXT(string) }

#define SAMPLE(type, ...) { #type, (xdrproc_t)xdr_##type, &(type){ __VA_ARGS__ }, sizeof(type) }

static const struct sample {
    const char *name;
    xdrproc_t xdr;
    void *value;
    size_t size;
} samples[] = {
    SAMPLE(wire_domain, .name = TEXT("guest"), .uuid = UUID, .id = 7),
    SAMPLE(wire_network, .name = TEXT("net"), .uuid = UUID),
    SAMPLE(wire_pool, .name = TEXT("pool"), .uuid = UUID),
    SAMPLE(wire_vol, .pool = TEXT("pool"), .name = TEXT("disk.raw"), .key = TEXT("/p/disk.raw")),
    SAMPLE(wire_error, .code = 55, .domain = 18, .message = OPT("busy"), .level = 2,
           .str1 = OPT("%s"), .str2 = OPT("busy"), .int1 = -1, .int2 = INT),
    SAMPLE(wire_error, .code = 55, .domain = 18, .level = 2, .dom = &(wire_domain)DOMAIN_,
           .str1 = OPT(""), .str2 = OPT("b"), .str3 = OPT("cd"), .int1 = INT, .int2 = -1,
           .net = &(wire_network){ .name = TEXT("net"), .uuid = UUID }),
    SAMPLE(wire_stream_hole, .length = HYPER),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_INT, .wire_param_value_u = { .i = NEGATIVE }),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_UINT, .wire_param_value_u = { .ui = FLAGS }),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_LLONG, .wire_param_value_u = { .l = NEGATIVE }),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_ULLONG, .wire_param_value_u = { .ul = HYPER }),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_DOUBLE, .wire_param_value_u = { .d = -2.5 }),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_BOOLEAN, .wire_param_value_u = { .b = 1 }),
    SAMPLE(wire_param_value, .type = WIRE_PARAM_STRING,
           .wire_param_value_u = { .s = TEXT("five!") }),
    { "wire_param", (xdrproc_t)xdr_wire_param, &(wire_param)PARAM_, sizeof(wire_param) },
    SAMPLE(remote_int_ret, .value = NEGATIVE),
    SAMPLE(remote_uhyper_ret, .value = HYPER),
    SAMPLE(remote_text_ret, .value = TEXT("five!")),
    SAMPLE(remote_text_opt_ret, .value = OPT("five!")),
    SAMPLE(remote_names_ret, .names = ARRAY(names, wire_text, TEXT("a"), TEXT(""), TEXT("four"))),
    SAMPLE(remote_ids_ret, .ids = ARRAY(ids, int, INT, NEGATIVE)),
    SAMPLE(remote_auth_list_ret,
           .types = ARRAY(types, remote_auth_type, REMOTE_AUTH_NONE, REMOTE_AUTH_POLKIT)),
    SAMPLE(remote_auth_sasl_ret, .complete = 1, .data = CHARS(data, "ab")),
    SAMPLE(remote_domain_ret, .domain = DOMAIN_),
    SAMPLE(remote_pool_ret, .pool = POOL_),
    SAMPLE(remote_vol_ret, .vol = VOL_),
    SAMPLE(remote_pool_list_ret, .pools = ARRAY(pools, wire_pool, POOL_), .ret = FLAGS),
    SAMPLE(remote_vol_list_ret, .vols = ARRAY(vols, wire_vol, VOL_, VOL_), .ret = 2),
    SAMPLE(remote_domain_list_ret, .ret = FLAGS),
    SAMPLE(remote_domain_snapshot, SNAPSHOT_FIELDS),
    SAMPLE(remote_domain_snapshot_ret, .snapshot = SNAPSHOT_),
    SAMPLE(remote_domain_snapshot_list_ret,
           .snapshots = ARRAY(snapshots, remote_domain_snapshot, SNAPSHOT_, SNAPSHOT_), .ret = INT),
    SAMPLE(remote_empty_list_ret, .count = 0, .ret = 0),
    SAMPLE(remote_pool_info_ret, .state = 200, .capacity = HYPER, .allocation = HYPER + 1,
           .available = HYPER + 2),
    SAMPLE(remote_vol_info_ret, .type = 5, .capacity = HYPER, .allocation = HYPER + 1),
    SAMPLE(remote_domain_info_ret, .state = 200, .max_memory = HYPER, .memory = HYPER + 1,
           .vcpus = 0xfedc, .cpu_time = HYPER + 2),
    SAMPLE(remote_domain_state_ret, .state = INT, .reason = NEGATIVE),
    SAMPLE(remote_domain_block_info_ret, .allocation = HYPER, .capacity = HYPER + 1,
           .physical = HYPER + 2),
    SAMPLE(remote_domain_control_ret, .state = INT, .details = FLAGS, .state_time = HYPER),
    SAMPLE(remote_domain_job_info_ret, .type = 2, .time_elapsed = HYPER,
           .time_remaining = HYPER + 1, .data_total = HYPER + 2, .data_processed = HYPER + 3,
           .data_remaining = HYPER + 4, .mem_total = HYPER + 5, .mem_processed = HYPER + 6,
           .mem_remaining = HYPER + 7, .file_total = HYPER + 8, .file_processed = HYPER + 9,
           .file_remaining = HYPER + 10),
    SAMPLE(remote_domain_job_stats_ret, .type = 3,
           .params = ARRAY(params, wire_param, PARAM_,
                           { .field = TEXT(""),
                             .value = { .type = WIRE_PARAM_INT,
                                        .wire_param_value_u = { .i = INT } } })),
    SAMPLE(remote_messages_ret, .messages = ARRAY(messages, wire_text, TEXT("a"), TEXT(""))),
    SAMPLE(remote_cpu_models_ret, .models = ARRAY(models, wire_text, TEXT("qemu64")), .ret = INT),
    SAMPLE(remote_node_info_ret, .model = "x86_64", .memory = HYPER, .cpus = INT, .mhz = INT + 1,
           .nodes = INT + 2, .sockets = INT + 3, .cores = INT + 4, .threads = INT + 5),
    SAMPLE(remote_cells_ret, .cells = ARRAY(cells, u_quad_t, HYPER, HYPER + 1)),
    SAMPLE(remote_security_model_ret, .model = CHARS(model, "none")),
    SAMPLE(remote_security_label_ret, .label = CHARS(label, "abc"), .enforcing = INT),
    SAMPLE(remote_security_labels_ret,
           .labels = ARRAY(labels, remote_security_label_ret,
                           { .label = CHARS(label, "abc"), .enforcing = INT }),
           .ret = 1),
    SAMPLE(remote_int_args, .value = INT),
    SAMPLE(remote_flags_args, .flags = FLAGS),
    SAMPLE(remote_auth_sasl_start_args, .mechanism = TEXT("SCRAM"), .nil = 1),
    SAMPLE(remote_auth_sasl_step_args, .data = CHARS(data, "abc")),
    SAMPLE(remote_text_args, .value = TEXT("five!")),
    SAMPLE(remote_text_opt_args, .value = NO_TEXT),
    SAMPLE(remote_text_opt_args, .value = OPT("five!")),
    SAMPLE(remote_uuid_args, .uuid = UUID),
    SAMPLE(remote_open_args, .name = OPT("qemu:///system"), .flags = 1),
    SAMPLE(remote_xml_args, .xml = TEXT("<x/>"), .flags = FLAGS),
    SAMPLE(remote_list_all_args, .need_results = 1, .flags = FLAGS),
    SAMPLE(remote_find_sources_args, .type = TEXT("dir"), .spec = NO_TEXT, .flags = FLAGS),
    SAMPLE(remote_text_opt_flags_args, .value = OPT("net"), .flags = FLAGS),
    SAMPLE(remote_node_devices_args, .capability = NO_TEXT, .max = INT, .flags = FLAGS),
    SAMPLE(remote_node_device, .name = TEXT("pci_0")),
    SAMPLE(remote_secret, .uuid = UUID, .usage_type = INT, .usage_id = TEXT("five!")),
    SAMPLE(remote_network_event_args, .event = INT,
           .network = &(wire_network){ .name = TEXT("net"), .uuid = UUID }),
    SAMPLE(remote_node_device_event_args, .event = INT,
           .device = &(remote_node_device){ .name = TEXT("pci_0") }),
    SAMPLE(remote_secret_event_args, .event = NEGATIVE, .secret = NULL),
    SAMPLE(remote_pool_args, .pool = POOL_),
    SAMPLE(remote_pool_flags_args, .pool = POOL_, .flags = FLAGS),
    SAMPLE(remote_pool_int_args, .pool = POOL_, .value = INT),
    SAMPLE(remote_pool_text_args, .pool = POOL_, .value = TEXT("disk.raw")),
    SAMPLE(remote_pool_list_all_args, .pool = POOL_, .need_results = 1, .flags = FLAGS),
    SAMPLE(remote_pool_xml_args, .pool = POOL_, .xml = TEXT("<x/>"), .flags = FLAGS),
    SAMPLE(remote_pool_clone_args, .pool = POOL_, .xml = TEXT("<x/>"), .source = VOL_,
           .flags = FLAGS),
    SAMPLE(remote_vol_args, .vol = VOL_),
    SAMPLE(remote_vol_flags_args, .vol = VOL_, .flags = FLAGS),
    SAMPLE(remote_vol_wipe_args, .vol = VOL_, .algorithm = 9, .flags = FLAGS),
    SAMPLE(remote_vol_resize_args, .vol = VOL_, .capacity = HYPER, .flags = FLAGS),
    SAMPLE(remote_vol_transfer_args, .vol = VOL_, .offset = HYPER, .length = 1, .flags = FLAGS),
    SAMPLE(remote_domain_args, .domain = DOMAIN_),
    SAMPLE(remote_domain_flags_args, .domain = DOMAIN_, .flags = FLAGS),
    SAMPLE(remote_domain_int_args, .domain = DOMAIN_, .value = INT),
    SAMPLE(remote_domain_memory_args, .domain = DOMAIN_, .memory = HYPER),
    SAMPLE(remote_domain_memory_flags_args, .domain = DOMAIN_, .memory = HYPER, .flags = FLAGS),
    SAMPLE(remote_domain_vcpus_args, .domain = DOMAIN_, .count = INT),
    SAMPLE(remote_domain_vcpus_flags_args, .domain = DOMAIN_, .count = INT, .flags = FLAGS),
    SAMPLE(remote_domain_list_args, .domain = DOMAIN_, .most = INT, .flags = FLAGS),
    SAMPLE(remote_domain_snapshot_args, .snapshot = SNAPSHOT_, .flags = FLAGS),
    SAMPLE(remote_domain_snapshot_list_args, .snapshot = SNAPSHOT_, .most = INT, .flags = FLAGS),
    SAMPLE(remote_domain_text_args, .domain = DOMAIN_, .value = TEXT("five!")),
    SAMPLE(remote_domain_text_flags_args, .domain = DOMAIN_, .value = TEXT("five!"),
           .flags = FLAGS),
    SAMPLE(remote_domain_text_opt_flags_args, .domain = DOMAIN_, .value = OPT("five!"),
           .flags = FLAGS),
    SAMPLE(remote_domain_screenshot_args, .domain = DOMAIN_, .screen = 9, .flags = FLAGS),
    SAMPLE(remote_domain_graphics_args, .domain = DOMAIN_, .index = 9, .flags = FLAGS),
    SAMPLE(remote_domain_save_args, .domain = DOMAIN_, .to = TEXT("/x"), .xml = OPT("<x/>"),
           .flags = FLAGS),
    SAMPLE(remote_domain_save_params_args, .domain = DOMAIN_,
           .params = ARRAY(params, wire_param, PARAM_, PARAM_), .flags = FLAGS),
    SAMPLE(remote_domain_restore_args, .from = TEXT("/x"), .xml = NO_TEXT, .flags = FLAGS),
    SAMPLE(remote_domain_restore_params_args, .params = ARRAY(params, wire_param, PARAM_),
           .flags = FLAGS),
    SAMPLE(remote_domain_dump_args, .domain = DOMAIN_, .to = TEXT("/x"), .format = INT,
           .flags = FLAGS),
    SAMPLE(remote_domain_set_metadata_args, .domain = DOMAIN_, .type = 2, .metadata = OPT("<x/>"),
           .key = OPT("key"), .uri = OPT("uri"), .flags = FLAGS),
    SAMPLE(remote_domain_get_metadata_args, .domain = DOMAIN_, .type = 2, .uri = OPT("uri"),
           .flags = FLAGS),
    SAMPLE(remote_text_flags_args, .value = TEXT("five!"), .flags = FLAGS),
    SAMPLE(remote_save_image_define_args, .file = TEXT("/x"), .xml = TEXT("<x/>"),
           .flags = FLAGS),
    SAMPLE(remote_domain_capabilities_args, .emulator = OPT("/q"), .arch = OPT("arch"),
           .machine = NO_TEXT, .virt_type = OPT("kvm"), .flags = FLAGS),
    SAMPLE(remote_cpu_models_args, .arch = TEXT("arch"), .need_results = 1, .flags = FLAGS),
    SAMPLE(remote_cells_args, .start = INT, .max = NEGATIVE),
    SAMPLE(remote_cpus_args, .cpus = ARRAY(cpus, wire_text, TEXT("<cpu/>"), TEXT("")),
           .flags = FLAGS),
    SAMPLE(remote_hypervisor_cpu_args, .emulator = OPT("/q"), .arch = OPT("arch"),
           .machine = NO_TEXT, .virt_type = OPT("kvm"), .cpu = TEXT("<cpu/>"), .flags = FLAGS),
    SAMPLE(remote_hypervisor_cpus_args, .emulator = NO_TEXT, .arch = OPT("arch"),
           .machine = OPT("pc"), .virt_type = NO_TEXT,
           .cpus = ARRAY(cpus, wire_text, TEXT("<cpu/>")), .flags = FLAGS),
    SAMPLE(remote_node_stat, .field = TEXT("idle"), .value = HYPER),
    SAMPLE(remote_node_stats_ret,
           .params = ARRAY(params, remote_node_stat, { .field = TEXT("idle"), .value = HYPER }),
           .nparams = 4),
    SAMPLE(remote_node_cpu_map_ret, .map = ARRAY(map, char, 3, 1), .online = INT, .ret = 9),
    SAMPLE(remote_node_stats_args, .first = -1, .second = INT, .flags = FLAGS),
    SAMPLE(remote_node_cpu_map_args, .need_map = 1, .need_online = INT, .flags = FLAGS),
    SAMPLE(remote_free_pages_args, .pages = ARRAY(pages, u_int, 4, 2048), .start = -1, .count = INT,
           .flags = FLAGS),
    SAMPLE(remote_domain_send_key_args, .domain = DOMAIN_, .codeset = 1, .hold_ms = INT,
           .keys = ARRAY(keys, u_int, 29, 56), .flags = FLAGS),
    SAMPLE(remote_vcpu_info, .number = INT, .state = 1, .cpu_time = HYPER, .cpu = -1),
    SAMPLE(remote_domain_vcpus_ret,
           .info = ARRAY(info, remote_vcpu_info, { INT, 1, HYPER, 9 }),
           .maps = ARRAY(maps, char, 1, 2)),
    SAMPLE(remote_domain_pins_ret, .maps = ARRAY(maps, char, 3), .ret = INT),
    SAMPLE(remote_params_ret, .params = ARRAY(params, wire_param, PARAM_), .nparams = INT),
    SAMPLE(remote_domain_int_flags_args, .domain = DOMAIN_, .value = INT, .flags = FLAGS),
    SAMPLE(remote_domain_vcpu_maps_args, .domain = DOMAIN_, .count = INT, .map_len = 9),
    SAMPLE(remote_domain_vcpu_maps_flags_args, .domain = DOMAIN_, .count = INT, .map_len = 9,
           .flags = FLAGS),
    SAMPLE(remote_iothread, .id = INT, .map = ARRAY(map, char, 3)),
    SAMPLE(remote_iothreads_ret,
           .threads = ARRAY(threads, remote_iothread,
                            { .id = INT, .map = { 1, (char[]){ 3 } } }),
           .ret = FLAGS),
    SAMPLE(remote_domain_pin_vcpu_args, .domain = DOMAIN_, .vcpu = INT, .map = ARRAY(map, char, 3)),
    SAMPLE(remote_domain_pin_vcpu_flags_args, .domain = DOMAIN_, .vcpu = INT,
           .map = ARRAY(map, char, 3), .flags = FLAGS),
    SAMPLE(remote_domain_pin_emulator_args, .domain = DOMAIN_, .map = ARRAY(map, char, 3, 1),
           .flags = FLAGS),
    SAMPLE(remote_domain_cpu_stats_args, .domain = DOMAIN_, .nparams = 3, .start_cpu = -1,
           .ncpus = INT, .flags = FLAGS),
    SAMPLE(remote_domain_scheduler_type_ret, .type = TEXT("posix"), .nparams = INT),
    SAMPLE(remote_domain_typed_params_ret, .params = ARRAY(params, wire_param, PARAM_)),
    SAMPLE(remote_domain_params_ret, .params = ARRAY(params, wire_param, PARAM_)),
    SAMPLE(remote_domain_params_args, .domain = DOMAIN_,
           .params = ARRAY(params, wire_param, PARAM_)),
    SAMPLE(remote_domain_params_flags_args, .domain = DOMAIN_,
           .params = ARRAY(params, wire_param, PARAM_), .flags = FLAGS),
    SAMPLE(remote_bytes_ret, .bytes = ARRAY(bytes, char, 'a', 'b', 'c', 'd', 'e')),
    SAMPLE(remote_disk_error, .disk = TEXT("vda"), .error = 2),
    SAMPLE(remote_domain_disk_errors_ret,
           .errors = ARRAY(errors, remote_disk_error, { TEXT("vda"), 2 }), .nerrors = INT),
    SAMPLE(remote_int_flags_args, .value = NEGATIVE, .flags = FLAGS),
    SAMPLE(remote_domain_signal_args, .domain = DOMAIN_, .pid = HYPER, .signal = 9,
           .flags = FLAGS),
    SAMPLE(remote_domain_number_params_args, .domain = DOMAIN_, .number = INT,
           .params = ARRAY(params, wire_param, PARAM_), .flags = FLAGS),
    SAMPLE(remote_domain_text_params_args, .domain = DOMAIN_, .text = TEXT("vda"),
           .params = ARRAY(params, wire_param, PARAM_), .flags = FLAGS),
    SAMPLE(remote_domain_text_int_flags_args, .domain = DOMAIN_, .text = TEXT("net0"),
           .number = INT, .flags = FLAGS),
    SAMPLE(remote_domain_text_opt_int_flags_args, .domain = DOMAIN_, .text = OPT("vda"),
           .number = INT, .flags = FLAGS),
    SAMPLE(remote_domain_block_peek_args, .domain = DOMAIN_, .path = TEXT("vda"), .offset = HYPER,
           .size = INT, .flags = FLAGS),
    SAMPLE(remote_domain_memory_peek_args, .domain = DOMAIN_, .offset = HYPER, .size = INT,
           .flags = FLAGS),
    SAMPLE(remote_domain_flags_number_args, .domain = DOMAIN_, .number = INT, .flags = FLAGS),
    SAMPLE(remote_domain_block_resize_args, .domain = DOMAIN_, .disk = TEXT("vda"), .size = HYPER,
           .flags = FLAGS),
    SAMPLE(remote_domain_block_job_args, .domain = DOMAIN_, .path = TEXT("vda"),
           .bandwidth = HYPER, .flags = FLAGS),
    SAMPLE(remote_domain_block_job_info_ret, .found = 1, .type = INT, .bandwidth = HYPER, .cur = 9,
           .end = 10),
    SAMPLE(remote_domain_block_rebase_args, .domain = DOMAIN_, .path = TEXT("vda"),
           .base = OPT("/b"), .bandwidth = HYPER, .flags = FLAGS),
    SAMPLE(remote_domain_block_commit_args, .domain = DOMAIN_, .disk = TEXT("vda"),
           .base = OPT("/b"), .bandwidth = HYPER, .flags = FLAGS),
    SAMPLE(remote_domain_block_copy_args, .domain = DOMAIN_, .path = TEXT("vda"),
           .destxml = TEXT("<disk/>"), .params = ARRAY(params, wire_param, PARAM_), .flags = FLAGS),
    SAMPLE(remote_domain_backup_args, .domain = DOMAIN_, .backup_xml = TEXT("<backup/>"),
           .checkpoint_xml = OPT("<checkpoint/>"), .flags = FLAGS),
    SAMPLE(remote_domain_block_threshold_args, .domain = DOMAIN_, .dev = TEXT("vda"),
           .threshold = HYPER, .flags = FLAGS),
    SAMPLE(remote_domain_action_args, .domain = DOMAIN_, .event = 1, .action = INT, .flags = FLAGS),
    SAMPLE(remote_native_args, .format = TEXT("qemu-argv"), .config = TEXT("<x/>"), .flags = FLAGS),
    SAMPLE(remote_agent_mountpoints_args, .domain = DOMAIN_,
           .mountpoints = ARRAY(mountpoints, wire_text, TEXT("/"), TEXT("/mnt")), .flags = FLAGS),
    SAMPLE(remote_agent_trim_args, .domain = DOMAIN_, .mountpoint = OPT("/mnt"), .minimum = HYPER,
           .flags = FLAGS),
    SAMPLE(remote_agent_set_time_args, .domain = DOMAIN_, .seconds = HYPER, .nseconds = 9,
           .flags = FLAGS),
    SAMPLE(remote_agent_suspend_args, .domain = DOMAIN_, .target = 2, .duration = HYPER,
           .flags = FLAGS),
    SAMPLE(remote_agent_what_args, .domain = DOMAIN_, .what = 9, .flags = FLAGS),
    SAMPLE(remote_agent_password_args, .domain = DOMAIN_, .user = OPT("root"), .flags = FLAGS),
    SAMPLE(remote_agent_set_vcpus_args, .domain = DOMAIN_, .cpumap = TEXT("0-2"), .online = 1,
           .flags = FLAGS),
    SAMPLE(remote_agent_timeout_args, .domain = DOMAIN_, .timeout = NEGATIVE, .flags = FLAGS),
    SAMPLE(remote_agent_set_keys_args, .domain = DOMAIN_, .user = TEXT("root"),
           .keys = ARRAY(keys, wire_text, TEXT("key"), TEXT("")), .flags = FLAGS),
    { "remote_agent_fs", (xdrproc_t)xdr_remote_agent_fs, &(remote_agent_fs)FS_,
      sizeof(remote_agent_fs) },
    SAMPLE(remote_agent_fs_ret, .filesystems = ARRAY(filesystems, remote_agent_fs, FS_, FS_),
           .ret = 2),
    SAMPLE(remote_agent_time_ret, .seconds = HYPER, .nseconds = 9),
    { "remote_agent_address", (xdrproc_t)xdr_remote_agent_address,
      &(remote_agent_address)ADDRESS_, sizeof(remote_agent_address) },
    { "remote_agent_interface", (xdrproc_t)xdr_remote_agent_interface,
      &(remote_agent_interface)INTERFACE_, sizeof(remote_agent_interface) },
    SAMPLE(remote_agent_interfaces_ret,
           .interfaces = ARRAY(interfaces, remote_agent_interface, INTERFACE_)),
    SAMPLE(remote_agent_vcpus_ret, .params = ARRAY(params, wire_param, PARAM_)),
    SAMPLE(remote_agent_info_ret, .params = ARRAY(params, wire_param, PARAM_, PARAM_)),
    SAMPLE(remote_agent_keys_ret, .keys = ARRAY(keys, wire_text, TEXT("key"))),
    SAMPLE(remote_domain_event_args, .event = INT, .domain = &(wire_domain)DOMAIN_),
    SAMPLE(remote_pool_event_args, .event = INT, .pool = &(wire_pool)POOL_),
    SAMPLE(remote_domain_event_msg, .domain = DOMAIN_),
    SAMPLE(remote_domain_event_change_msg, .domain = DOMAIN_, .what = INT, .detail = NEGATIVE),
    SAMPLE(remote_domain_event_rtc_msg, .domain = DOMAIN_, .offset = HYPER),
    SAMPLE(remote_domain_event_watchdog_msg, .domain = DOMAIN_, .action = INT),
    SAMPLE(remote_domain_event_io_error_msg, .domain = DOMAIN_, .path = TEXT("/p"),
           .alias = TEXT("virtio-disk0"), .action = INT),
    SAMPLE(remote_domain_event_io_error_reason_msg, .domain = DOMAIN_, .path = TEXT("/p"),
           .alias = TEXT("virtio-disk0"), .action = INT, .reason = TEXT("enospc")),
    SAMPLE(remote_graphics_address, .family = INT, .node = TEXT("::1"), .service = TEXT("5900")),
    SAMPLE(remote_graphics_subject, .type = TEXT("x509dname"), .name = TEXT("CN=x")),
    SAMPLE(remote_domain_event_graphics_msg, .domain = DOMAIN_, .phase = INT,
           .local = { 1, TEXT("::1"), TEXT("5900") }, .remote = { 2, TEXT(""), TEXT("7") },
           .auth = TEXT("none"),
           .subjects = ARRAY(subjects, remote_graphics_subject,
                             { TEXT("x509dname"), TEXT("CN=x") },
                             { TEXT("saslUsername"), TEXT("u") })),
    SAMPLE(remote_domain_event_block_job_msg, .domain = DOMAIN_, .path = TEXT("/p"), .type = INT,
           .status = 3),
    SAMPLE(remote_domain_event_block_threshold_msg, .domain = DOMAIN_, .dev = TEXT("vda"),
           .path = OPT("/p"), .threshold = HYPER, .excess = 9),
    SAMPLE(remote_domain_event_tray_msg, .domain = DOMAIN_, .alias = TEXT("sata0-0-0"),
           .reason = INT),
    SAMPLE(remote_domain_event_pm_msg, .reason = INT, .domain = DOMAIN_),
    SAMPLE(remote_domain_event_balloon_msg, .domain = DOMAIN_, .actual = HYPER),
    SAMPLE(remote_domain_event_device_msg, .domain = DOMAIN_, .alias = TEXT("net0")),
    SAMPLE(remote_domain_event_disk_change_msg, .domain = DOMAIN_, .old_path = OPT("/p"),
           .alias = TEXT("sata0-0-0"), .reason = INT),
    SAMPLE(remote_domain_event_job_msg, .domain = DOMAIN_,
           .params = ARRAY(params, wire_param, PARAM_)),
    SAMPLE(remote_domain_event_metadata_msg, .domain = DOMAIN_, .type = INT, .uri = OPT("urn:x")),
    SAMPLE(remote_domain_event_params_msg, .domain = DOMAIN_,
           .params = ARRAY(params, wire_param, PARAM_)),
    SAMPLE(remote_domain_event_memory_failure_msg, .domain = DOMAIN_, .recipient = 1, .action = 2,
           .flags = FLAGS),
    SAMPLE(remote_pool_event_change_msg, .pool = POOL_, .what = INT, .detail = NEGATIVE),
    SAMPLE(remote_pool_event_msg, .pool = POOL_),
    SAMPLE(job_target, .kind = JOB_TARGET_DOMAIN, .job_target_u = { .domain = DOMAIN_ }),
    SAMPLE(job_target, .kind = JOB_TARGET_POOL, .job_target_u = { .pool = POOL_ }),
    SAMPLE(job_target, .kind = JOB_TARGET_VOL, .job_target_u = { .vol = VOL_ }),
    SAMPLE(job_target, .kind = JOB_TARGET_ID, .job_target_u = { .id = HYPER }),
    { "job_info", (xdrproc_t)xdr_job_info, &(job_info)INFO_, sizeof(job_info) },
    { "job_record", (xdrproc_t)xdr_job_record, &(job_record)RECORD_, sizeof(job_record) },
    SAMPLE(job_target_args, .target = BY_ID, .flags = FLAGS),
    SAMPLE(job_info_ret, .info = INFO_),
    SAMPLE(job_error_ret, .error = NULL),
    SAMPLE(job_error_ret, .error = &(wire_error)ERROR_),
    SAMPLE(job_record_ret, .record = RECORD_),
    SAMPLE(job_wait_args, .target = BY_ID, .timeout_ms = -1),
    SAMPLE(job_wait_ret, .ended = 1, .info = INFO_),
    SAMPLE(job_list_args, .flags = FLAGS, .before_id = HYPER, .max = 1024),
    SAMPLE(job_list_ret, .jobs = ARRAY(jobs, job_record, RECORD_, RECORD_), .more = 1),
    SAMPLE(job_set_speed_args, .target = BY_ID, .speed = HYPER, .flags = FLAGS),
    SAMPLE(job_daemon_reload_args, .flags = FLAGS),
    SAMPLE(job_event_register_ret, .sequence = HYPER),
    SAMPLE(job_event_msg, .sequence = HYPER + 9, .event = 2, .record = RECORD_),
    { "job_client", (xdrproc_t)xdr_job_client, &(job_client)CLIENT_, sizeof(job_client) },
    SAMPLE(job_client_list_args, .flags = FLAGS, .before_id = HYPER, .max = 1024),
    SAMPLE(job_client_list_ret, .clients = ARRAY(clients, job_client, CLIENT_, CLIENT_),
           .more = 1),
    SAMPLE(job_client_id_args, .id = HYPER, .flags = FLAGS),
    SAMPLE(qemu_monitor_command_args, .domain = DOMAIN_, .command = TEXT("stop"), .flags = FLAGS),
    SAMPLE(qemu_monitor_command_ret, .result = TEXT("{}")),
    SAMPLE(qemu_attach_args, .pid = INT, .flags = FLAGS),
    SAMPLE(qemu_attach_ret, .domain = DOMAIN_),
    SAMPLE(qemu_monitor_event_register_args, .domain = &(wire_domain)DOMAIN_, .event = OPT("STOP"),
           .flags = FLAGS),
    SAMPLE(qemu_monitor_event_register_ret, .callback = INT),
    SAMPLE(qemu_monitor_event_deregister_args, .callback = INT),
    SAMPLE(qemu_monitor_event_msg, .domain = DOMAIN_, .event = TEXT("STOP"), .seconds = HYPER,
           .micros = INT, .details = OPT("{}")),
    SAMPLE(qemu_agent_command_args, .domain = DOMAIN_, .command = TEXT("{}"), .timeout = NEGATIVE,
           .flags = FLAGS),
    SAMPLE(qemu_agent_command_ret, .result = NO_TEXT),
};

/* --- the stored bytes --- */

enum { HEX_MAX = 4096 };

static struct line {
    char name[64];
    char hex[HEX_MAX];
} lines[ARRAY_SIZE(samples) + 1];
static size_t nlines;

static void read_lines(void)
{
    const char *srcdir = getenv("srcdir");
    char path[4096];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/tests/data/wire-samples.txt", srcdir ? srcdir : ".");
    file = fopen(path, "re");
    ck_assert_msg(file, "cannot open %s", path);
    while (nlines < ARRAY_SIZE(lines) &&
           fscanf(file, "%63s %4095s", lines[nlines].name, lines[nlines].hex) == 2)
        nlines++;
    (void)fclose(file); /* nothing was written */
}

static void to_hex(char *hex, const unsigned char *bytes, size_t len)
{
    ck_assert_uint_lt(2 * len, HEX_MAX);
    hex[0] = '\0';
    for (size_t i = 0; i < len; i++)
        (void)sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/* The payload's bytes as text. */
static void encode_hex(const struct sample *sample, void *value, char *hex)
{
    static const struct frame_header header = { .type = FRAME_CALL };
    _cleanup_free_ void *packet = NULL;
    size_t len;

    ck_assert_int_eq(frame_encode(&header, sample->xdr, value, &packet, &len), 0);
    to_hex(hex, (unsigned char *)packet + FRAME_MIN, len - FRAME_MIN);
}

static size_t from_hex(unsigned char *bytes, const char *hex)
{
    size_t len = 0;
    unsigned int byte;

    while (sscanf(hex + 2 * len, "%2x", &byte) == 1)
        bytes[len++] = (unsigned char)byte;
    ck_assert_uint_eq(2 * len, strlen(hex));
    return len;
}

START_TEST(test_as_many)
{
    read_lines();
    ck_assert_uint_eq(nlines, ARRAY_SIZE(samples));
}
END_TEST

START_TEST(test_encode)
{
    char hex[HEX_MAX];

    read_lines();
    ck_assert_str_eq(lines[_i].name, samples[_i].name);
    encode_hex(&samples[_i], samples[_i].value, hex);
    ck_assert_str_eq(hex, lines[_i].hex);
}
END_TEST

/* Decoded and encoded they are the same again, so the decoder sees the same fields. */
START_TEST(test_decode)
{
    const struct sample *sample = &samples[_i];
    _cleanup_free_ void *value = calloc(1, sample->size);
    unsigned char bytes[HEX_MAX / 2];
    char hex[HEX_MAX];
    size_t len;

    read_lines();
    len = from_hex(bytes, lines[_i].hex);
    ck_assert_int_eq(frame_decode_payload(bytes, len, sample->xdr, value), 0);
    encode_hex(sample, value, hex);
    xdr_free(sample->xdr, value);
    ck_assert_str_eq(hex, lines[_i].hex);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tcase = tcase_create("wire");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, test_as_many);
    tcase_add_loop_test(tcase, test_encode, 0, ARRAY_SIZE(samples));
    tcase_add_loop_test(tcase, test_decode, 0, ARRAY_SIZE(samples));
    suite_add_tcase(suite, tcase);

    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
