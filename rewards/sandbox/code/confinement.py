"""Shutting a process in, for good: what it may use, which files it sees, what it may ask of Linux.

Three layers, each without privileges and none to be undone by what runs inside: resource limits;
Landlock (files: the standard library to read, one folder to write; no TCP, no signals out); a
seccomp filter that allows the calls a computing program needs, and refuses all others: sockets,
processes, threads, signals, tracing. Both of the latter need Linux; Landlock needs 5.13 and later,
switched on. The text of this module runs inside of bare workers: the standard library only.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Sequence
from functools import lru_cache

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_SUBREAPER = 1, 4, 22, 36
_PR_SET_NO_NEW_PRIVS = 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same number everywhere

#: Files that a program may keep open, and the size of one that it writes.
MAX_FILES, MAX_FILE_BYTES = 64, 4 * 1024 * 1024

#: The calls that are allowed, as numbers on x86-64 and on aarch64 (-1: not there).
#: https://github.com/torvalds/linux/blob/master/arch/x86/entry/syscalls/syscall_64.tbl
#: https://github.com/torvalds/linux/blob/master/include/uapi/asm-generic/unistd.h
_CALLS = """
read 0 63; write 1 64; open 2 -1; close 3 57; stat 4 -1; fstat 5 80; lstat 6 -1; poll 7 -1
lseek 8 62; mmap 9 222; mprotect 10 226; munmap 11 215; brk 12 214; rt_sigaction 13 134
rt_sigprocmask 14 135; rt_sigreturn 15 139; pread64 17 67; pwrite64 18 68; readv 19 65
writev 20 66; access 21 -1; pipe 22 -1; select 23 -1; sched_yield 24 124; mremap 25 216
madvise 28 233; dup 32 23; dup2 33 -1; nanosleep 35 101; getpid 39 172; exit 60 93; uname 63 160
fsync 74 82; ftruncate 77 46; getcwd 79 17; rename 82 -1; unlink 87 -1; readlink 89 -1
gettimeofday 96 169; getrlimit 97 163; getrusage 98 165; sysinfo 99 179; times 100 153
getuid 102 174; getgid 104 176; geteuid 107 175; getegid 108 177; getppid 110 173
sigaltstack 131 132; gettid 186 178; futex 202 98; sched_getaffinity 204 123; getdents64 217 61
restart_syscall 219 128; clock_gettime 228 113; clock_getres 229 114; clock_nanosleep 230 115
exit_group 231 94; openat 257 56; newfstatat 262 79; unlinkat 263 35; renameat 264 38
readlinkat 267 78; faccessat 269 48; pselect6 270 72; ppoll 271 73; set_robust_list 273 99
dup3 292 24; pipe2 293 59; getrandom 318 278; membarrier 324 283; statx 332 291; rseq 334 293
faccessat2 439 439
"""

#: Of these calls a few commands only: others have signals sent to whom one likes (F_SETOWN).
_COMMANDS = {
    "fcntl": ((72, 25), (0, 1, 2, 3, 4, 1030)),  # F_DUPFD to F_SETFL, F_DUPFD_CLOEXEC
    "ioctl": ((16, 29), (0x5401, 0x5451)),  # TCGETS, which isatty() asks; FIOCLEX
}

#: By `platform.machine()`: the column above, and what the kernel calls it (AUDIT_ARCH).
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}


def missing() -> list[str]:
    """What of the layers this machine lacks, in words; nothing is changed by asking."""
    found = []
    if platform.machine() not in _MACHINES or _libc().prctl(21, 0, 0, 0, 0) < 0:
        found.append("seccomp")
    if landlock_version() < 1:
        found.append("Landlock")
    return found


@lru_cache(maxsize=1)
def landlock_version() -> int:
    """The version of Landlock's interface that the kernel speaks; 0 or less for none."""
    return int(_libc().syscall(_CREATE_RULESET, None, 0, 1))


def hide_from_children() -> None:
    """Keep memory, environment and files of this process (/proc) from others of the same user."""
    _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def prepare() -> None:
    """Find out, before a fork, what each process behind it needs."""
    landlock_version()
    if platform.machine() in _MACHINES:
        filter_program()


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind, and end with one's own parent."""
    _libc().prctl(_PR_SET_SUBREAPER, 1, 0, 0, 0)
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def shut_in(folder: str, readable: Sequence[str], memory: int, cpu: float) -> None:
    """Confine this process: `folder` to write, `readable` to read, so many bytes and CPU seconds.

    A layer that the machine lacks is left out: `missing` says which before.
    """
    libc = _libc()
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    # The timer counts finely, and a handler can stop it; the limit, in whole seconds, none.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, cpu)
    for kind, most in (
        (resource.RLIMIT_CPU, int(cpu) + 1),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, MAX_FILE_BYTES),
        (resource.RLIMIT_NOFILE, MAX_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (most, most))
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _restrict_files(libc, folder, readable)
    _filter_calls(libc)


#: What a process that only computes for others never asks for: sockets, programs, other processes'
#: memory and signals, mounts, keys, rings that do such things unseen.
_REACHING = """
socket 41 198; connect 42 203; accept 43 202; sendto 44 206; sendmsg 46 211; bind 49 200
listen 50 201; fork 57 -1; vfork 58 -1; execve 59 221; kill 62 129
ptrace 101 117; pivot_root 155 41; chroot 161 51; mount 165 40; tkill 200 130; add_key 248 217
request_key 249 218; keyctl 250 219; unshare 272 97; accept4 288 242; setns 308 268
process_vm_readv 310 270; process_vm_writev 311 271; bpf 321 280; execveat 322 281
pidfd_send_signal 424 424; io_uring_setup 425 425; pidfd_open 434 434; pidfd_getfd 438 438
"""


def reach_nothing() -> bool:
    """Give up, for good, what a process needs to reach others; threads and files stay.

    For the process around another sandbox; whether Linux takes the filter, on this machine.
    """
    if not hasattr(ctypes.CDLL(None), "prctl") or platform.machine() not in _MACHINES:
        return False
    column, machine = _MACHINES[platform.machine()]
    refuse, allow = _step(0x06, 0x00050000 | 1), _step(0x06, 0x7FFF0000)
    load, clone = 0x20, (56, 220)[column]
    steps = [_step(load, 4), _step(0x15, machine, 1, 0), refuse, _step(load, 0)]
    steps += [_step(0x35, 0x40000000, 0, 1), refuse]  # calls of another ABI under other numbers
    for number in _numbers(_REACHING, column):
        steps += [_step(0x15, number, 0, 1), refuse]
    # clone3 keeps its flags where a filter cannot look: without it, libraries fall back to clone,
    # of which only threads are allowed.
    steps += [_step(0x15, 435, 0, 1), _step(0x06, 0x00050000 | 38)]
    steps += [_step(0x15, clone, 0, 3), _step(load, 16), _step(0x45, 0x10000, 1, 0), refuse, allow]
    _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    program = b"".join(steps)
    filter_ = _Program(len(program) // 8, program)
    return not _libc().prctl(_PR_SET_SECCOMP, 2, ctypes.byref(filter_), 0, 0)


def _numbers(table: str, column: int) -> list[int]:
    """The calls of a table that there are on a machine."""
    names = [entry.split() for entry in table.replace("\n", ";").split(";") if entry.strip()]
    return [int(entry[1 + column]) for entry in names if int(entry[1 + column]) >= 0]


@lru_cache(maxsize=1)
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


_READ = 1 << 2 | 1 << 3  # READ_FILE, READ_DIR
_KEEP = (
    _READ | 1 << 1 | 1 << 5 | 1 << 8 | 1 << 14
)  # and write, remove, make and cut files; no folders

#: What each version of Landlock can refuse of files (bits 0 to 12 in the first).
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15}


def _restrict_files(libc: ctypes.CDLL, folder: str, readable: Sequence[str]) -> None:
    version = landlock_version()
    if version < 1:
        return
    handled = (1 << _FILE_BITS.get(version, 16)) - 1
    net = 0b11 if version >= 4 else 0  # TCP: bind, connect
    scoped = 0b11 if version >= 6 else 0  # abstract sockets, signals
    attributes = struct.pack("QQQ", handled, net, scoped)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = libc.syscall(_CREATE_RULESET, attributes, size, 0)
    if rules < 0:
        raise OSError("Landlock gives no ruleset")
    for path, allowed in [(folder, _KEEP), *((path, _READ) for path in readable)]:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", allowed & handled, place), 0)
        os.close(place)
    if libc.syscall(_RESTRICT_SELF, rules, 0):
        raise OSError("Landlock does not restrict")
    os.close(rules)


class _Program(ctypes.Structure):
    """struct sock_fprog: a program of the kernel's packet filter."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _filter_calls(libc: ctypes.CDLL) -> None:
    if platform.machine() not in _MACHINES:
        return
    program = filter_program()
    filter_ = _Program(len(program) // 8, program)
    if libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(filter_), 0, 0):
        raise OSError("seccomp takes no filter")


@lru_cache(maxsize=1)  # made before a fork, used behind it
def filter_program() -> bytes:
    """The filter for this machine: allowed calls, then calls with allowed commands, then no."""
    column, machine = _MACHINES[platform.machine()]
    allow, refuse = _step(0x06, 0x7FFF0000), _step(0x06, 0x00050000 | 1)  # EPERM
    load = 0x20  # a word of: number, architecture, instruction pointer, arguments
    steps = [_step(load, 4), _step(0x15, machine, 1, 0), refuse, _step(load, 0)]
    for number in _numbers(_CALLS, column):
        steps += [_step(0x15, number, 0, 1), allow]
    for numbers, commands in _COMMANDS.values():
        inside = [_step(load, 24)]  # the second argument
        for command in commands:
            inside += [_step(0x15, command, 0, 1), allow]
        steps += [_step(0x15, numbers[column], 0, len(inside) + 1), *inside, refuse]
    return b"".join([*steps, refuse])


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
