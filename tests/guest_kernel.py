# SPDX-License-Identifier: LGPL-2.1-or-later
"""A guest of a hundred bytes: a multiboot kernel, put together here, that QEMU boots at once.

It enables the power button, fills memory with numbers that no page of zeroes is among, says 'F'
on its first serial port, and then does one thing for ever:

    halt    nothing at all
    tick    says '.' now and then, and powers off at the press of the power button
    panic   tells the pvpanic device that it has crashed
    off     powers off
    sleep   suspends to memory

Also a command: guest_kernel.py PATH THEN MIB-TO-FILL.
"""

import struct
import sys

START = 0x100000
FILL_FROM = 0x200000
PM1_STATUS, PM1_ENABLE, PM1_CONTROL = 0x600, 0x602, 0x604  # as SeaBIOS sets up a q35
POWER_BUTTON, SLEEP_OFF, SLEEP_MEMORY = 0x100, 0x2000, 0x2400
SERIAL, PVPANIC = 0x3f8, 0x505
TICK_POLLS = 200000
HALT = b'\xf4\xeb\xfd'  # hlt; jmp to it


def out_byte(port, value):
    return b'\x66\xba' + struct.pack('<H', port) + b'\xb0' + bytes([value]) + b'\xee'


def out_word(port, value):
    return (b'\x66\xba' + struct.pack('<H', port) + b'\x66\xb8' + struct.pack('<H', value)
            + b'\x66\xef')


def fill(size):
    """A linear congruence, a word after the other."""
    if not size:
        return b''
    return (b'\xfc\xbf' + struct.pack('<I', FILL_FROM)  # cld; mov edi
            + b'\xb9' + struct.pack('<I', size // 4)    # mov ecx
            + b'\xb8\xb9\x79\x37\x9e'                   # mov eax, a seed
            + b'\xab'                                   # stosd
            + b'\x69\xc0\x0d\x66\x19\x00'               # imul eax, eax, a factor
            + b'\x05\x5f\xf3\x6e\x3c'                   # add eax, an increment
            + b'\x49\x75\xf1')                          # dec ecx; jnz to the stosd


def tick():
    off = out_word(PM1_CONTROL, SLEEP_OFF) + HALT
    poll = (b'\x66\xba' + struct.pack('<H', PM1_STATUS) + b'\x66\xed'  # in ax, dx
            + b'\xf6\xc4\x01\x74' + bytes([len(off)]) + off            # test ah, 1; jz over off
            + b'\x4b')                                                 # dec ebx
    say = out_byte(SERIAL, ord('.')) + b'\xbb' + struct.pack('<I', TICK_POLLS)
    loop = poll + b'\x75' + struct.pack('<b', -len(poll) - 2) + say    # jnz to the poll
    return b'\xbb\x01\x00\x00\x00' + loop + b'\xeb' + struct.pack('<b', -len(loop) - 2)


THEN = {
    'halt': lambda: HALT,
    'tick': tick,
    'panic': lambda: out_byte(PVPANIC, 1) + HALT,
    'off': lambda: out_word(PM1_CONTROL, SLEEP_OFF) + HALT,
    'sleep': lambda: out_word(PM1_CONTROL, SLEEP_MEMORY) + HALT,
}


def write(path, then='halt', size=0):
    """size: of the memory to fill, in bytes; the guest needs 4 MiB more."""
    flags = 0x10000  # the addresses are in the header
    header = struct.pack('<IIIIIIII', 0x1badb002, flags, -(0x1badb002 + flags) & 0xffffffff,
                         START, START, 0, 0, START + 32)
    code = (out_word(PM1_ENABLE, POWER_BUTTON) + fill(size) + out_byte(SERIAL, ord('F'))
            + THEN[then]())
    with open(path, 'wb') as file:
        file.write(header + code)
    return path


if __name__ == '__main__':
    if len(sys.argv) != 4 or sys.argv[2] not in THEN or not sys.argv[3].isdigit():
        sys.exit(f'usage: guest_kernel.py PATH {"|".join(THEN)} MIB-TO-FILL')
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]) << 20)
