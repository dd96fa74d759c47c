#!/bin/sh
# Runs a command where programs of another machine run by qemu's user emulation:
#     unshare -rm emulated.sh aarch64 COMMAND…
# What is registered holds in this namespace alone and ends with it.
set -eu

machine=$1
shift
case $machine in
aarch64) number='\xb7\x00' ;;
riscv64) number='\xf3\x00' ;;
*)
    echo "emulated.sh: can't recognize programs for $machine" >&2
    exit 2
    ;;
esac
emulator=$(command -v "qemu-$machine-static")

mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
# ELF, 64 bits, little-endian, an executable or a shared object, of this machine. F: the emulator is
# opened now, so that it is there in every later namespace, too.
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00'$number
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":$machine:M::$magic:$mask:$emulator:F" >/proc/sys/fs/binfmt_misc/register
exec "$@"
