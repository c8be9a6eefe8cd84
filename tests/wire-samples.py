#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Packs one sample and more of every struct on the wire, by XDR's rules (RFC 4506) and the field
orders of tests/data/wire-structs.txt, and by nothing of what the build makes.  Prints the lines of
tests/data/wire-samples.txt; with --check FILE compares instead.  tests/unit/test-wire.c has the
same values in C, in the same order."""

import struct
import sys


def i32(value):
    return struct.pack('>I', value & 0xffffffff)


def i64(value):
    return struct.pack('>Q', value & 0xffffffffffffffff)


def text(value):
    data = value.encode()
    return i32(len(data)) + data + bytes(-len(data) % 4)


def f64(value):
    return struct.pack('>d', value)


def chars(value, size=None):
    """char takes four bytes, also in an array; of a fixed size without a count."""
    data = value.encode() + b'\0'
    packed = b''.join(i32(byte) for byte in data.ljust(size or len(data), b'\0'))
    return packed if size else i32(len(data)) + packed


def opt(packed=None):
    return i32(0) if packed is None else i32(1) + packed


def array(*packed):
    return i32(len(packed)) + b''.join(packed)


# Every number below has a different value in each of its bytes, so that order and width show.
UUID = bytes(range(0xa0, 0xb0))
INT, NEGATIVE, FLAGS, HYPER = 0x01020304, -2, 0xc0000005, 0x1122334455667788
DOMAIN = text('guest') + UUID + i32(7)
SNAPSHOT = text('before') + DOMAIN
POOL = text('pool') + UUID
VOL = text('pool') + text('disk.raw') + text('/p/disk.raw')
ERROR = (i32(55) + i32(18) + opt(text('busy')) + i32(2) + opt() + opt(text('%s')) +
         opt(text('busy')) + opt() + i32(-1) + i32(INT) + opt())
ERROR_FULL = (i32(55) + i32(18) + opt() + i32(2) + opt(DOMAIN) + opt(text('')) + opt(text('b')) +
              opt(text('cd')) + i32(INT) + i32(-1) + opt(text('net') + UUID))
FS = text('/mnt') + text('vda1') + text('ext4') + array(text('vda'), text('vdb'))
ADDRESS = i32(1) + text('::1') + i32(128)
INTERFACE = text('lo') + opt(text('00:00')) + array(ADDRESS, i32(0) + text('') + i32(9))
INFO = i32(1) + i32(2) + i32(0x0a0b0c0d) + i32(FLAGS) + i32(99)
RECORD = (i64(HYPER) + i32(2) + text('disk.raw') + text('pool') + UUID + text('vol-clone') +
          i32(3) + INFO + i64(HYPER + 1) + i64(HYPER + 2) + i64(HYPER + 3) + i64(-1) +
          i64(HYPER + 4) + i64(HYPER + 5) + text('root') + opt(text('note')) + i32(38) +
          opt(text('no space')) + opt() + opt(text('tail')) + i64(HYPER + 6))
CLIENT = (i64(HYPER) + i64(-1) + i32(2) + i32(1) + text('root') + i32(3) + i32(4) + i32(5))
BY_ID = i32(3) + i64(HYPER)
PARAM = text('file') + i32(7) + text('/x')

SAMPLES = [
    ('wire_domain', DOMAIN),
    ('wire_network', text('net') + UUID),
    ('wire_pool', POOL),
    ('wire_vol', VOL),
    ('wire_error', ERROR),
    ('wire_error', ERROR_FULL),
    ('wire_stream_hole', i64(HYPER) + i32(0)),
    ('wire_param_value', i32(1) + i32(NEGATIVE)),
    ('wire_param_value', i32(2) + i32(FLAGS)),
    ('wire_param_value', i32(3) + i64(NEGATIVE)),
    ('wire_param_value', i32(4) + i64(HYPER)),
    ('wire_param_value', i32(5) + f64(-2.5)),
    ('wire_param_value', i32(6) + i32(1)),
    ('wire_param_value', i32(7) + text('five!')),
    ('wire_param', PARAM),
    ('remote_int_ret', i32(NEGATIVE)),
    ('remote_uhyper_ret', i64(HYPER)),
    ('remote_text_ret', text('five!')),
    ('remote_text_opt_ret', opt(text('five!'))),
    ('remote_names_ret', array(text('a'), text(''), text('four'))),
    ('remote_ids_ret', array(i32(INT), i32(NEGATIVE))),
    ('remote_auth_list_ret', array(i32(0), i32(2))),
    ('remote_auth_sasl_ret', i32(1) + i32(0) + chars('ab')),
    ('remote_domain_ret', DOMAIN),
    ('remote_pool_ret', POOL),
    ('remote_vol_ret', VOL),
    ('remote_pool_list_ret', array(POOL) + i32(FLAGS)),
    ('remote_vol_list_ret', array(VOL, VOL) + i32(2)),
    ('remote_domain_list_ret', array() + i32(FLAGS)),
    ('remote_domain_snapshot', SNAPSHOT),
    ('remote_domain_snapshot_ret', SNAPSHOT),
    ('remote_domain_snapshot_list_ret', array(SNAPSHOT, SNAPSHOT) + i32(INT)),
    ('remote_empty_list_ret', array() + i32(0)),
    ('remote_pool_info_ret', i32(200) + i64(HYPER) + i64(HYPER + 1) + i64(HYPER + 2)),
    ('remote_vol_info_ret', i32(5) + i64(HYPER) + i64(HYPER + 1)),
    ('remote_domain_info_ret', i32(200) + i64(HYPER) + i64(HYPER + 1) + i32(0xfedc) +
     i64(HYPER + 2)),
    ('remote_domain_state_ret', i32(INT) + i32(NEGATIVE)),
    ('remote_domain_block_info_ret', i64(HYPER) + i64(HYPER + 1) + i64(HYPER + 2)),
    ('remote_domain_control_ret', i32(INT) + i32(FLAGS) + i64(HYPER)),
    ('remote_domain_job_info_ret', i32(2) + b''.join(i64(HYPER + n) for n in range(11))),
    ('remote_domain_job_stats_ret', i32(3) + array(PARAM, text('') + i32(1) + i32(INT))),
    ('remote_messages_ret', array(text('a'), text(''))),
    ('remote_cpu_models_ret', array(text('qemu64')) + i32(INT)),
    ('remote_node_info_ret', chars('x86_64', 32) + i64(HYPER) +
     b''.join(i32(INT + n) for n in range(6))),
    ('remote_cells_ret', array(i64(HYPER), i64(HYPER + 1))),
    ('remote_security_model_ret', chars('none') + i32(0)),
    ('remote_security_label_ret', chars('abc') + i32(INT)),
    ('remote_security_labels_ret', array(chars('abc') + i32(INT)) + i32(1)),
    ('remote_int_args', i32(INT)),
    ('remote_flags_args', i32(FLAGS)),
    ('remote_auth_sasl_start_args', text('SCRAM') + i32(1) + array()),
    ('remote_auth_sasl_step_args', i32(0) + chars('abc')),
    ('remote_text_args', text('five!')),
    ('remote_text_opt_args', opt()),
    ('remote_text_opt_args', opt(text('five!'))),
    ('remote_uuid_args', UUID),
    ('remote_open_args', opt(text('qemu:///system')) + i32(1)),
    ('remote_xml_args', text('<x/>') + i32(FLAGS)),
    ('remote_list_all_args', i32(1) + i32(FLAGS)),
    ('remote_find_sources_args', text('dir') + opt() + i32(FLAGS)),
    ('remote_text_opt_flags_args', opt(text('net')) + i32(FLAGS)),
    ('remote_node_devices_args', opt() + i32(INT) + i32(FLAGS)),
    ('remote_node_device', text('pci_0')),
    ('remote_secret', UUID + i32(INT) + text('five!')),
    ('remote_network_event_args', i32(INT) + opt(text('net') + UUID)),
    ('remote_node_device_event_args', i32(INT) + opt(text('pci_0'))),
    ('remote_secret_event_args', i32(NEGATIVE) + opt()),
    ('remote_pool_args', POOL),
    ('remote_pool_flags_args', POOL + i32(FLAGS)),
    ('remote_pool_int_args', POOL + i32(INT)),
    ('remote_pool_text_args', POOL + text('disk.raw')),
    ('remote_pool_list_all_args', POOL + i32(1) + i32(FLAGS)),
    ('remote_pool_xml_args', POOL + text('<x/>') + i32(FLAGS)),
    ('remote_pool_clone_args', POOL + text('<x/>') + VOL + i32(FLAGS)),
    ('remote_vol_args', VOL),
    ('remote_vol_flags_args', VOL + i32(FLAGS)),
    ('remote_vol_wipe_args', VOL + i32(9) + i32(FLAGS)),
    ('remote_vol_resize_args', VOL + i64(HYPER) + i32(FLAGS)),
    ('remote_vol_transfer_args', VOL + i64(HYPER) + i64(1) + i32(FLAGS)),
    ('remote_domain_args', DOMAIN),
    ('remote_domain_flags_args', DOMAIN + i32(FLAGS)),
    ('remote_domain_int_args', DOMAIN + i32(INT)),
    ('remote_domain_memory_args', DOMAIN + i64(HYPER)),
    ('remote_domain_memory_flags_args', DOMAIN + i64(HYPER) + i32(FLAGS)),
    ('remote_domain_vcpus_args', DOMAIN + i32(INT)),
    ('remote_domain_vcpus_flags_args', DOMAIN + i32(INT) + i32(FLAGS)),
    ('remote_domain_list_args', DOMAIN + i32(INT) + i32(FLAGS)),
    ('remote_domain_snapshot_args', SNAPSHOT + i32(FLAGS)),
    ('remote_domain_snapshot_list_args', SNAPSHOT + i32(INT) + i32(FLAGS)),
    ('remote_domain_text_args', DOMAIN + text('five!')),
    ('remote_domain_text_flags_args', DOMAIN + text('five!') + i32(FLAGS)),
    ('remote_domain_text_opt_flags_args', DOMAIN + opt(text('five!')) + i32(FLAGS)),
    ('remote_domain_screenshot_args', DOMAIN + i32(9) + i32(FLAGS)),
    ('remote_domain_graphics_args', DOMAIN + i32(9) + i32(FLAGS)),
    ('remote_domain_save_args', DOMAIN + text('/x') + opt(text('<x/>')) + i32(FLAGS)),
    ('remote_domain_save_params_args', DOMAIN + array(PARAM, PARAM) + i32(FLAGS)),
    ('remote_domain_restore_args', text('/x') + opt() + i32(FLAGS)),
    ('remote_domain_restore_params_args', array(PARAM) + i32(FLAGS)),
    ('remote_domain_dump_args', DOMAIN + text('/x') + i32(INT) + i32(FLAGS)),
    ('remote_domain_set_metadata_args', DOMAIN + i32(2) + opt(text('<x/>')) + opt(text('key')) +
     opt(text('uri')) + i32(FLAGS)),
    ('remote_domain_get_metadata_args', DOMAIN + i32(2) + opt(text('uri')) + i32(FLAGS)),
    ('remote_text_flags_args', text('five!') + i32(FLAGS)),
    ('remote_save_image_define_args', text('/x') + text('<x/>') + i32(FLAGS)),
    ('remote_domain_capabilities_args', opt(text('/q')) + opt(text('arch')) + opt() +
     opt(text('kvm')) + i32(FLAGS)),
    ('remote_cpu_models_args', text('arch') + i32(1) + i32(FLAGS)),
    ('remote_cells_args', i32(INT) + i32(NEGATIVE)),
    ('remote_cpus_args', array(text('<cpu/>'), text('')) + i32(FLAGS)),
    ('remote_hypervisor_cpu_args', opt(text('/q')) + opt(text('arch')) + opt() +
     opt(text('kvm')) + text('<cpu/>') + i32(FLAGS)),
    ('remote_hypervisor_cpus_args', opt() + opt(text('arch')) + opt(text('pc')) + opt() +
     array(text('<cpu/>')) + i32(FLAGS)),
    ('remote_node_stat', text('idle') + i64(HYPER)),
    ('remote_node_stats_ret', array(text('idle') + i64(HYPER)) + i32(4)),
    ('remote_node_cpu_map_ret', text('\x03\x01') + i32(INT) + i32(9)),
    ('remote_node_stats_args', i32(-1) + i32(INT) + i32(FLAGS)),
    ('remote_node_cpu_map_args', i32(1) + i32(INT) + i32(FLAGS)),
    ('remote_free_pages_args', array(i32(4), i32(2048)) + i32(-1) + i32(INT) + i32(FLAGS)),
    ('remote_domain_send_key_args', DOMAIN + i32(1) + i32(INT) + array(i32(29), i32(56)) +
     i32(FLAGS)),
    ('remote_vcpu_info', i32(INT) + i32(1) + i64(HYPER) + i32(-1)),
    ('remote_domain_vcpus_ret', array(i32(INT) + i32(1) + i64(HYPER) + i32(9)) +
     text('\x01\x02')),
    ('remote_domain_pins_ret', text('\x03') + i32(INT)),
    ('remote_params_ret', array(PARAM) + i32(INT)),
    ('remote_domain_int_flags_args', DOMAIN + i32(INT) + i32(FLAGS)),
    ('remote_domain_vcpu_maps_args', DOMAIN + i32(INT) + i32(9)),
    ('remote_domain_vcpu_maps_flags_args', DOMAIN + i32(INT) + i32(9) + i32(FLAGS)),
    ('remote_iothread', i32(INT) + text('\x03')),
    ('remote_iothreads_ret', array(i32(INT) + text('\x03')) + i32(FLAGS)),
    ('remote_domain_pin_vcpu_args', DOMAIN + i32(INT) + text('\x03')),
    ('remote_domain_pin_vcpu_flags_args', DOMAIN + i32(INT) + text('\x03') + i32(FLAGS)),
    ('remote_domain_pin_emulator_args', DOMAIN + text('\x03\x01') + i32(FLAGS)),
    ('remote_domain_cpu_stats_args', DOMAIN + i32(3) + i32(-1) + i32(INT) + i32(FLAGS)),
    ('remote_domain_scheduler_type_ret', text('posix') + i32(INT)),
    ('remote_domain_typed_params_ret', array(PARAM)),
    ('remote_domain_params_ret', array(PARAM)),
    ('remote_domain_params_args', DOMAIN + array(PARAM)),
    ('remote_domain_params_flags_args', DOMAIN + array(PARAM) + i32(FLAGS)),
    ('remote_bytes_ret', text('abcde')),
    ('remote_disk_error', text('vda') + i32(2)),
    ('remote_domain_disk_errors_ret', array(text('vda') + i32(2)) + i32(INT)),
    ('remote_int_flags_args', i32(NEGATIVE) + i32(FLAGS)),
    ('remote_domain_signal_args', DOMAIN + i64(HYPER) + i32(9) + i32(FLAGS)),
    ('remote_domain_number_params_args', DOMAIN + i32(INT) + array(PARAM) + i32(FLAGS)),
    ('remote_domain_text_params_args', DOMAIN + text('vda') + array(PARAM) + i32(FLAGS)),
    ('remote_domain_text_int_flags_args', DOMAIN + text('net0') + i32(INT) + i32(FLAGS)),
    ('remote_domain_text_opt_int_flags_args', DOMAIN + opt(text('vda')) + i32(INT) + i32(FLAGS)),
    ('remote_domain_block_peek_args', DOMAIN + text('vda') + i64(HYPER) + i32(INT) + i32(FLAGS)),
    ('remote_domain_memory_peek_args', DOMAIN + i64(HYPER) + i32(INT) + i32(FLAGS)),
    ('remote_domain_flags_number_args', DOMAIN + i32(INT) + i32(FLAGS)),
    ('remote_domain_block_resize_args', DOMAIN + text('vda') + i64(HYPER) + i32(FLAGS)),
    ('remote_domain_block_job_args', DOMAIN + text('vda') + i64(HYPER) + i32(FLAGS)),
    ('remote_domain_block_job_info_ret', i32(1) + i32(INT) + i64(HYPER) + i64(9) + i64(10)),
    ('remote_domain_block_rebase_args',
     DOMAIN + text('vda') + opt(text('/b')) + i64(HYPER) + i32(FLAGS)),
    ('remote_domain_block_commit_args',
     DOMAIN + text('vda') + opt(text('/b')) + opt() + i64(HYPER) + i32(FLAGS)),
    ('remote_domain_block_copy_args',
     DOMAIN + text('vda') + text('<disk/>') + array(PARAM) + i32(FLAGS)),
    ('remote_domain_backup_args',
     DOMAIN + text('<backup/>') + opt(text('<checkpoint/>')) + i32(FLAGS)),
    ('remote_domain_block_threshold_args', DOMAIN + text('vda') + i64(HYPER) + i32(FLAGS)),
    ('remote_domain_action_args', DOMAIN + i32(1) + i32(INT) + i32(FLAGS)),
    ('remote_native_args', text('qemu-argv') + text('<x/>') + i32(FLAGS)),
    ('remote_agent_mountpoints_args', DOMAIN + array(text('/'), text('/mnt')) + i32(FLAGS)),
    ('remote_agent_trim_args', DOMAIN + opt(text('/mnt')) + i64(HYPER) + i32(FLAGS)),
    ('remote_agent_set_time_args', DOMAIN + i64(HYPER) + i32(9) + i32(FLAGS)),
    ('remote_agent_suspend_args', DOMAIN + i32(2) + i64(HYPER) + i32(FLAGS)),
    ('remote_agent_what_args', DOMAIN + i32(9) + i32(FLAGS)),
    ('remote_agent_password_args', DOMAIN + opt(text('root')) + opt() + i32(FLAGS)),
    ('remote_agent_set_vcpus_args', DOMAIN + text('0-2') + i32(1) + i32(FLAGS)),
    ('remote_agent_timeout_args', DOMAIN + i32(NEGATIVE) + i32(FLAGS)),
    ('remote_agent_set_keys_args', DOMAIN + text('root') + array(text('key'), text('')) +
     i32(FLAGS)),
    ('remote_agent_fs', FS),
    ('remote_agent_fs_ret', array(FS, FS) + i32(2)),
    ('remote_agent_time_ret', i64(HYPER) + i32(9)),
    ('remote_agent_address', ADDRESS),
    ('remote_agent_interface', INTERFACE),
    ('remote_agent_interfaces_ret', array(INTERFACE)),
    ('remote_agent_vcpus_ret', array(PARAM)),
    ('remote_agent_info_ret', array(PARAM, PARAM)),
    ('remote_agent_keys_ret', array(text('key'))),
    ('remote_domain_event_args', i32(INT) + opt(DOMAIN)),
    ('remote_pool_event_args', i32(INT) + opt(POOL)),
    ('remote_domain_event_msg', DOMAIN),
    ('remote_domain_event_change_msg', DOMAIN + i32(INT) + i32(NEGATIVE)),
    ('remote_domain_event_rtc_msg', DOMAIN + i64(HYPER)),
    ('remote_domain_event_watchdog_msg', DOMAIN + i32(INT)),
    ('remote_domain_event_io_error_msg', DOMAIN + text('/p') + text('virtio-disk0') + i32(INT)),
    ('remote_domain_event_io_error_reason_msg',
     DOMAIN + text('/p') + text('virtio-disk0') + i32(INT) + text('enospc')),
    ('remote_graphics_address', i32(INT) + text('::1') + text('5900')),
    ('remote_graphics_subject', text('x509dname') + text('CN=x')),
    ('remote_domain_event_graphics_msg',
     DOMAIN + i32(INT) + i32(1) + text('::1') + text('5900') + i32(2) + text('') + text('7') +
     text('none') + array(text('x509dname') + text('CN=x'), text('saslUsername') + text('u'))),
    ('remote_domain_event_block_job_msg', DOMAIN + text('/p') + i32(INT) + i32(3)),
    ('remote_domain_event_block_threshold_msg',
     DOMAIN + text('vda') + opt(text('/p')) + i64(HYPER) + i64(9)),
    ('remote_domain_event_tray_msg', DOMAIN + text('sata0-0-0') + i32(INT)),
    ('remote_domain_event_pm_msg', i32(INT) + DOMAIN),
    ('remote_domain_event_balloon_msg', DOMAIN + i64(HYPER)),
    ('remote_domain_event_device_msg', DOMAIN + text('net0')),
    ('remote_domain_event_disk_change_msg',
     DOMAIN + opt(text('/p')) + opt() + text('sata0-0-0') + i32(INT)),
    ('remote_domain_event_job_msg', DOMAIN + array(PARAM)),
    ('remote_domain_event_metadata_msg', DOMAIN + i32(INT) + opt(text('urn:x'))),
    ('remote_domain_event_params_msg', DOMAIN + array(PARAM)),
    ('remote_domain_event_memory_failure_msg', DOMAIN + i32(1) + i32(2) + i32(FLAGS)),
    ('remote_pool_event_change_msg', POOL + i32(INT) + i32(NEGATIVE)),
    ('remote_pool_event_msg', POOL),
    ('job_target', i32(0) + DOMAIN),
    ('job_target', i32(1) + POOL),
    ('job_target', i32(2) + VOL),
    ('job_target', BY_ID),
    ('job_info', INFO),
    ('job_record', RECORD),
    ('job_target_args', BY_ID + i32(FLAGS)),
    ('job_info_ret', INFO),
    ('job_error_ret', opt()),
    ('job_error_ret', opt(ERROR)),
    ('job_record_ret', RECORD),
    ('job_wait_args', BY_ID + i32(-1)),
    ('job_wait_ret', i32(1) + INFO),
    ('job_list_args', i32(FLAGS) + i64(HYPER) + i32(1024)),
    ('job_list_ret', array(RECORD, RECORD) + i32(1)),
    ('job_set_speed_args', BY_ID + i64(HYPER) + i32(FLAGS)),
    ('job_daemon_reload_args', i32(FLAGS)),
    ('job_event_register_ret', i64(HYPER)),
    ('job_event_msg', i64(HYPER + 9) + i32(2) + RECORD),
    ('job_client', CLIENT),
    ('job_client_list_args', i32(FLAGS) + i64(HYPER) + i32(1024)),
    ('job_client_list_ret', array(CLIENT, CLIENT) + i32(1)),
    ('job_client_id_args', i64(HYPER) + i32(FLAGS)),
    ('qemu_monitor_command_args', DOMAIN + text('stop') + i32(FLAGS)),
    ('qemu_monitor_command_ret', text('{}')),
    ('qemu_attach_args', i32(INT) + i32(FLAGS)),
    ('qemu_attach_ret', DOMAIN),
    ('qemu_monitor_event_register_args', opt(DOMAIN) + opt(text('STOP')) + i32(FLAGS)),
    ('qemu_monitor_event_register_ret', i32(INT)),
    ('qemu_monitor_event_deregister_args', i32(INT)),
    ('qemu_monitor_event_msg', DOMAIN + text('STOP') + i64(HYPER) + i32(INT) + opt(text('{}'))),
    ('qemu_agent_command_args', DOMAIN + text('{}') + i32(NEGATIVE) + i32(FLAGS)),
    ('qemu_agent_command_ret', opt()),
]


def main():
    lines = ''.join(f'{name} {packed.hex()}\n' for name, packed in SAMPLES)
    if len(sys.argv) != 3 or sys.argv[1] != '--check':
        sys.stdout.write(lines)
        return 0
    with open(sys.argv[2], encoding='ascii') as stored:
        if stored.read() == lines:
            return 0
    print(f'{sys.argv[2]} is not what tests/wire-samples.py packs', file=sys.stderr)
    return 1


if __name__ == '__main__':
    sys.exit(main())
