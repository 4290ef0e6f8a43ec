"""System calls that are refused: the program that the kernel asks, run here for both architectures, and by the kernel itself."""

import ctypes
import errno
import os
import re
import struct
from pathlib import Path

import pytest

from tinytorch.course.checks import Case
from tinytorch.grading import calls
from tinytorch.grading.lock import SET_NO_NEW_PRIVS

HEADERS = {"x86_64": "x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "asm-generic/unistd.h"}
LINUX = {  # what each error is for, by name, with its numbers on both in the kernel's headers
    "EPERM": """
        shmget 29 194, semget 64 190, msgget 68 186, mq_open 240 180, add_key 248 217, request_key 249 218, keyctl 250 219,
        memfd_create 319 279, memfd_secret 447 447, fallocate 285 47, chmod 90 -, fchmod 91 52, fchmodat 268 53,
        fchmodat2 452 452, chown 92 -, fchown 93 55, lchown 94 -, fchownat 260 54, utime 132 -, utimes 235 -,
        futimesat 261 -, utimensat 280 88, setxattr 188 5, lsetxattr 189 6, fsetxattr 190 7, removexattr 197 14,
        lremovexattr 198 15, fremovexattr 199 16, ptrace 101 117, process_vm_readv 310 270, process_vm_writev 311 271,
        kcmp 312 272, pidfd_open 434 434, pidfd_getfd 438 438, process_madvise 440 440, setpriority 141 140,
        ioprio_set 251 30, migrate_pages 256 238, move_pages 279 239, sched_setparam 142 118, sched_setscheduler 144 119,
        sched_setaffinity 203 122, sched_setattr 314 274, socket 41 198, socketpair 53 199, unshare 272 97, setns 308 268,
        mount 165 40, mbind 237 235, open_tree 428 428, fsopen 430 430, io_uring_setup 425 425, bpf 321 280, perf_event_open 298 241,
        userfaultfd 323 282, syslog 103 116""",
    "ENOSYS": """
        fadvise64 221 223, readahead 187 213, mincore 27 232, preadv2 327 286, cachestat 451 451, getrusage 98 165,
        io_setup 206 0, io_submit 209 2, get_mempolicy 239 236""",
    "asked": "prlimit64 302 261, prctl 157 167, ioctl 16 29, fcntl 72 25",
}
NEWER = {"fchmodat2", "cachestat"}  # than the headers of some systems


def numbers(error, machine):
    """The calls of a group by their number on a machine."""
    which = list(HEADERS).index(machine)
    named = [line.split() for line in LINUX[error].split(",")]
    return {name: int(both[which]) for name, *both in named if both[which] != "-"}


def answer(machine, number, *arguments, architecture=None):
    """What the program says of a call: 0 where it is allowed, else its error."""
    seen = {calls.NUMBER: number, calls.ARCHITECTURE: architecture or calls.ARCHITECTURES[machine]}
    seen |= {calls.ARGUMENTS + 8 * i: argument for i, argument in enumerate(arguments or (0,) * 6)}
    steps, at, value = list(struct.iter_unpack("=HBBI", calls.program(machine))), 0, 0
    while True:
        code, so, otherwise, operand = steps[at]
        at += 1
        if code == calls.RETURN:
            return 0 if operand == calls.ALLOW else operand - calls.FAIL
        if code == calls.LOAD:
            value = seen[operand]
        else:
            assert code in (calls.EQUAL, calls.GREATER)
            at += so if (value == operand if code == calls.EQUAL else value > operand) else otherwise


@pytest.mark.parametrize("machine", HEADERS)
def test_each_call_is_refused_and_no_other(machine):
    found = {number: answer(machine, number) for number in range(600)}
    for error in ("EPERM", "ENOSYS"):
        newer = {number for number in found if number > calls.NEWEST} if error == "ENOSYS" else set()
        refused = {number for number, said in found.items() if said == getattr(errno, error)}
        assert refused == newer | set(numbers(error, machine).values())
    assert set(found.values()) == {0, errno.EPERM, errno.ENOSYS, errno.ENOTTY}


@pytest.mark.parametrize("machine", HEADERS)
@pytest.mark.parametrize(
    "name, allowed, refused, error",
    [
        ("prlimit64", (0, 9), (77, 9), "EPERM"),  # the limits of another process
        ("prctl", (15, 1), (1, 0), "EPERM"),  # to outlive the server
        ("ioctl", (1, 0x5401), (1, 0x40086602), "ENOTTY"),  # FS_IOC_SETFLAGS
        ("ioctl", (1, 0x541B), (1, 0x40087602), "ENOTTY"),  # FS_IOC_SETVERSION
        ("ioctl", (0x5401, 0x5413), (0x5401, 0x5412), "ENOTTY"),  # TIOCSTI
        ("fcntl", (1036, 1), (1, 1036), "EINVAL"),  # F_SET_RW_HINT
        ("fcntl", (1, 1030), (1, 1038), "EINVAL"),  # F_SET_FILE_RW_HINT, and F_DUPFD_CLOEXEC
    ],
)
def test_of_some_an_argument_decides(machine, name, allowed, refused, error):
    number = numbers("asked", machine)[name]
    assert answer(machine, number, *allowed) == 0 and answer(machine, number, *refused) == getattr(errno, error)


@pytest.mark.parametrize("machine", HEADERS)
def test_calls_by_other_numbers_are_unknown(machine):
    """Those of 32 bits, and of x32, whose numbers have a bit of their own."""
    assert answer(machine, 1, architecture=0x40000003) == errno.ENOSYS == answer(machine, 0x40000001)


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_those_of_linux(machine):
    header = Path("/usr/include", HEADERS[machine])
    if not header.is_file():
        pytest.skip(f"{header} is not there")
    known = dict(re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", header.read_text()))
    for error in LINUX:
        for name, number in numbers(error, machine).items():
            assert known.get(name, str(number) if name in NEWER else None) == str(number), name


WRAPPED = ("EPERM", "shmget semget msgget memfd_create fallocate chmod fchmod chown fchown lchown utimes setxattr "
    "fsetxattr removexattr ptrace process_vm_readv setpriority sched_setscheduler sched_setaffinity socket socketpair unshare "
    "setns mount"), ("ENOSYS", "mincore readahead getrusage")  # fmt: skip


@pytest.mark.skipif(not calls.are_known(), reason="the numbers of this machine's calls are not known")
def test_the_kernel_refuses_what_the_c_library_knows_by_name():
    """Called with what is no file and no address, for which each would be told something else."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        try:
            library = calls.libc()
            library.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            calls.refuse()
            for error, names in WRAPPED:
                for name in names.split():
                    ctypes.set_errno(0)
                    getattr(library, name)(ctypes.c_long(-1), *[ctypes.c_long(0)] * 5)
                    if ctypes.get_errno() != getattr(errno, error):
                        os.write(writing, f"{name}: {errno.errorcode.get(ctypes.get_errno())} ".encode())
            os.write(writing, b"done")
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert os.read(reading, 10_000) == b"done"
    os.close(reading)


HONEST_FILES = """
import fcntl, json, mmap, os, shutil, tempfile, time, zipfile
import numpy as np

def files():
    big = np.arange(100_000.0)
    np.save("a.npy", big)
    np.savez("b.npz", big=big)
    big.tofile("c.raw")
    mapped = np.memmap("a.memory", "f8", "w+", shape=(1000,))
    mapped[:] = big[:1000]
    mapped.flush()
    shutil.copyfile("a.npy", "d.npy")
    with open("d.npy", "rb") as stream, tempfile.TemporaryFile() as other:
        whole, room = stream.read(), bytearray(16)
        os.preadv(stream.fileno(), [room], 0)
        fcntl.fcntl(stream, fcntl.F_GETFL)
        shutil.copyfileobj(stream, other)
        tty = [stream.isatty(), os.isatty(1)]
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as seen:
            seen.madvise(mmap.MADV_SEQUENTIAL)
            begin = bytes(seen[:6])
    with open("text", "w") as stream:
        json.dump({"a": [1]}, stream)
    same = [np.array_equal(one, big) for one in (
        np.load("a.npy"), np.load("b.npz")["big"], np.fromfile("c.raw"), np.load("d.npy", mmap_mode="r"))]
    with zipfile.ZipFile("b.npz") as archive:
        names = archive.namelist()
    kept = np.array_equal(np.memmap("a.memory", "f8", "r"), big[:1000]) and open("text").read() == '{"a": [1]}'
    at_home = tempfile.gettempdir() == os.getcwd() == os.path.expanduser('~') and time.process_time() > 0
    return [same, names, tty, begin == b"\\x93NUMPY" == bytes(room[:6]), len(whole) == 800_128, kept, at_home]
"""


def test_honest_code_reads_and_writes_as_ever(bench):
    bench.grader.enter([])
    (_, seen) = bench.grader.ask({}, HONEST_FILES, [Case("files", "", {})])["outcomes"]
    assert seen["answer"] == [[True] * 4, ["big.npy"], [False, False], True, True, True, True]
