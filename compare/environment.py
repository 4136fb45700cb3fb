"""What the contest needs on the machine: truezero built, the peers installed, and how a peer is started."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VENV = os.path.join(HERE, "venv")
PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
SHIM = os.path.join(VENV, "libmklintel.so")
TRUEZERO = os.path.join(ROOT, "target", "release", "truezero")


def enter():
    """Goes on in the virtual environment; makes it first if it is not there or not up to date."""
    if os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        return
    set_up_peers()
    os.execv(PYTHON, [PYTHON, *sys.argv])


def set_up_peers():
    stamp = os.path.join(VENV, "installed.txt")
    with open(REQUIREMENTS, encoding="utf-8") as file:
        wanted = file.read()
    if not os.path.exists(stamp) or open(stamp, encoding="utf-8").read() != wanted:
        if not os.path.exists(PYTHON):
            note("making compare/venv")
            subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        note("installing the peers (several GB)")
        subprocess.run([PYTHON, "-m", "pip", "install", "-r", REQUIREMENTS], check=True, stdout=sys.stderr)
        with open(stamp, "w", encoding="utf-8") as file:
            file.write(wanted)
    if not os.path.exists(SHIM):
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", SHIM, os.path.join(HERE, "mkl_intel.c")], check=True)


def build_truezero():
    note("building truezero")
    subprocess.run(["cargo", "build", "--release"], check=True, cwd=ROOT)


def peer(threads, mkl=False):
    """Environment variables for a peer's process: its threads, and settings that make it faster."""
    env = dict(os.environ)
    # Set on some machines for the sake of old OpenBLAS builds; they slow a current one.
    env.pop("OPENBLAS_CORETYPE", None)
    env.pop("OPENBLAS_L2_SIZE", None)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC"):
        env[name] = str(threads)
    # Freed buffers of megabytes stay in the heap (no mapping and page faults in every step), on huge pages.
    env.update(MALLOC_MMAP_MAX_="0", MALLOC_TRIM_THRESHOLD_=str(1 << 40),
               GLIBC_TUNABLES="glibc.malloc.hugetlb=1", THP_MEM_ALLOC_ENABLE="1")
    env.update(JAX_PLATFORMS="cpu", CUDA_VISIBLE_DEVICES="")
    if threads == 1:
        env["XLA_FLAGS"] = env.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
    env["TORCHINDUCTOR_CACHE_DIR"] = os.path.join(VENV, "torchinductor")
    if mkl and os.path.exists(SHIM) and "AuthenticAMD" in open("/proc/cpuinfo", encoding="utf-8").read():
        env["LD_PRELOAD"] = SHIM
    return env


def pin(threads):
    """To be called in a new process: one thread stays on one core."""
    if threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def note(text):
    print(text, file=sys.stderr, flush=True)
