"""A real SLURM cluster of two nodes on the loopback interface: daemons of slurm-wlm and munge, as children of the test."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONF = Path("/etc/slurm/slurm.conf")  # the place where SLURM's programs look when their environment is stripped
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo")


def installed() -> bool:
    """Whether SLURM's daemons and clients are here; root may install them from Debian (slurm-wlm, munge)."""
    if all(shutil.which(program) for program in PROGRAMS):
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        wait = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq"]
        quiet = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "env": os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        }
        subprocess.run([*wait, "update"], check=False, **quiet)
        subprocess.run([*wait, "install", "-y", "--no-install-recommends", "slurm-wlm", "munge"], check=False, **quiet)
    return all(shutil.which(program) for program in PROGRAMS)


@dataclass
class Cluster:
    """The daemons of a running cluster."""

    folder: Path
    daemons: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground as our child."""
        log = (self.folder / f"{name}.out").open("ab")
        self.daemons[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def stop(self, name: str, sign: signal.Signals = signal.SIGTERM) -> None:
        """Stop a daemon and wait for its end."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(sign)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def start_controller(self) -> None:
        """Start (or restart) the controller and wait until it answers."""
        self.start("slurmctld", "slurmctld", "-D", "-f", str(CONF))
        self.wait_until_idle()

    def wait_until_idle(self, seconds: float = 60) -> None:
        """Wait until both nodes take jobs."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done = subprocess.run(["sinfo", "-h", "-N", "-o", "%t"], capture_output=True, text=True, check=False)
            if [state.strip("*") for state in done.stdout.split()].count("idle") + done.stdout.split().count(
                "mix"
            ) >= 2:
                return
            time.sleep(0.3)
        raise TimeoutError(f"the nodes did not become idle: see {self.folder}")

    def job_ids(self) -> list[str]:
        """Jobs that wait or run."""
        done = subprocess.run(["squeue", "-h", "-o", "%i"], capture_output=True, text=True, check=False)
        return done.stdout.split()

    def submitted(self) -> int:
        """Number of jobs that the controller has taken since it began."""
        done = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%i"], capture_output=True, text=True, check=False)
        return max(map(int, done.stdout.split()), default=0)  # numbers go up by one; old jobs are forgotten


def _configuration(folder: Path) -> str:
    for part in ("state", "spool"):
        (folder / part).mkdir(exist_ok=True)
    lines = [
        "ClusterName=adcohort SlurmctldHost=localhost SlurmctldPort=16817 SlurmUser=root SlurmdUser=root AuthType=auth/munge",
        f"AuthInfo=socket={folder}/munge.sock ProctrackType=proctrack/linuxproc TaskPlugin=task/none MpiDefault=none",
        "SelectType=select/cons_tres SelectTypeParameters=CR_Core_Memory ReturnToService=2 SlurmdParameters=config_overrides",
        "CommunicationParameters=NoInAddrAny,NoCtldInAddrAny AccountingStorageType=accounting_storage/none MinJobAge=600",
        "JobAcctGatherType=jobacct_gather/linux JobAcctGatherFrequency=task=1 JobAcctGatherParams=OverMemoryKill",
        f"StateSaveLocation={folder}/state SlurmdSpoolDir={folder}/spool/%n SlurmctldPidFile={folder}/slurmctld.pid",
        f"SlurmdPidFile={folder}/slurmd.%n.pid SlurmctldLogFile={folder}/slurmctld.log SlurmdLogFile={folder}/slurmd.%n.log",
    ]
    pairs = [pair for line in lines for pair in line.split()]
    nodes = [
        f"NodeName=n{n} NodeHostname=localhost NodeAddr=127.0.0.1 Port={17000 + n} CPUs=4 RealMemory=8000"
        for n in (1, 2)
    ]
    return "\n".join([*pairs, *nodes, "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE"]) + "\n"


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start munge, the controller and two nodes; stop them and put the machine's own slurm.conf back at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    own = CONF.read_bytes() if CONF.exists() else None
    CONF.parent.mkdir(parents=True, exist_ok=True)
    CONF.write_text(_configuration(folder), encoding="utf-8")
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    running = Cluster(folder)
    try:
        places = {
            "socket": "munge.sock",
            "pid-file": "munged.pid",
            "log-file": "munged.log",
            "seed-file": "munged.seed",
        }
        options = [f"--{option}={folder / name}" for option, name in places.items()]
        running.start("munged", "munged", "-F", "--force", f"--key-file={key}", *options)
        for node in ("n1", "n2"):
            running.start(node, "slurmd", "-D", "-N", node, "-f", str(CONF))
        running.start_controller()
        yield running
    finally:
        for name in list(reversed(running.daemons)):
            running.stop(name)
        if own is None:
            CONF.unlink(missing_ok=True)
        else:
            CONF.write_bytes(own)
