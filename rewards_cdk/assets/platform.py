"""Where an asset runs: Lambda's machines, or this one for a run under the emulator."""

import platform as host
import sys
from dataclasses import dataclass

from packaging.markers import default_environment

RUNTIME = "3.13"

#: Why not the newest Python.
RUNTIME_REASON = (
    "Python 3.13 is supported by Lambda until June 2029 (AWS's table of runtimes) and is the "
    "newest that this project is tested on; a newer runtime is a decision, not a default."
)

#: glibc of Amazon Linux 2023, Lambda's base: wheels that need a newer one do not load.
_GLIBC = "2_34"


@dataclass(frozen=True, slots=True)
class Platform:
    """Architecture (`arm64` or `x86_64`) and Python (`3.13`)."""

    architecture: str = "arm64"
    python: str = RUNTIME

    @classmethod
    def local(cls) -> "Platform":
        """This machine's, for a run under the emulator."""
        architecture = "arm64" if host.machine() in ("arm64", "aarch64") else "x86_64"
        return cls(architecture, f"{sys.version_info.major}.{sys.version_info.minor}")

    @property
    def machine(self) -> str:
        """The architecture as Linux and wheels call it."""
        return {"arm64": "aarch64"}.get(self.architecture, self.architecture)

    @property
    def tag(self) -> str:
        """The platform as wheels name it."""
        return f"{self.machine}-manylinux_{_GLIBC}"

    @property
    def markers(self) -> dict[str, str]:
        """The environment in which the marker of a dependency is judged."""
        return {
            **{name: str(value) for name, value in default_environment().items()},
            "python_version": self.python,
            "python_full_version": f"{self.python}.0",
            "platform_machine": self.machine,
            "sys_platform": "linux",
            "platform_system": "Linux",
            "os_name": "posix",
            "extra": "",
        }


#: Where what is deployed runs, unless a deployment says otherwise.
LAMBDA = Platform()
