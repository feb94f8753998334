"""From a container's definition to the box that it runs in: command, environment, volumes, limits."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .. import confinement, trees  # noqa: TID252
from . import catalogue, definitions

_FIRST_GROUP, _GROUPS = 300_000, 100_000
_MEMORY = 2 << 30  # bytes, for a container that says nothing
_PROCESSES = 2048  # of one account, threads included
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclasses.dataclass(frozen=True)
class Ground:
    """Where a task runs: the cloud's folder, the account, and a folder of the task's own for what it writes."""

    cloud: Path
    account: str
    own: Path

    @property
    def uid(self) -> int:
        """The user that everything of the account runs as, where users can be chosen."""
        return confinement.uid_of(self.account)


def prepared(ground: Ground) -> None:
    """Make the task's own folder."""
    ground.own.mkdir(parents=True, mode=0o700)


def cleared(ground: Ground) -> None:
    """Remove everything that the task wrote outside volumes of the machine."""
    with contextlib.suppress(OSError):  # what is left goes when the cloud starts again
        trees.remove(ground.own)


def boxed(
    ground: Ground, task: definitions.Task, container: definitions.Container, image: catalogue.Image,
    environ: Mapping[str, str],
) -> confinement.Box:  # fmt: skip
    """The box of one container; `environ` are the variables that ECS itself gives. Raises definitions.Impossible."""
    argv = (container.entrypoint or image.entrypoint) + (container.command or _own_command(container, image))
    if not argv:
        raise definitions.Impossible(
            f"CannotStartContainerError: {container.image} has neither entry point nor command"
        )
    binds, groups = _volumes(ground, task, container)
    scratch = _made(ground, f"scratch-{container.name}")
    variables = {**environ, **image.environment, **container.environment}
    home = str(scratch) if confinement.means() == "none" else "/tmp"
    return confinement.Box(
        argv=argv,
        environ={"PATH": _search_path(argv[0], image), "HOME": home, "TMPDIR": home, **_one_identity(variables)},
        uid=ground.uid,
        cwd=container.folder or image.folder,
        groups=groups,
        read_only=_shown(image, argv[0]),
        binds=binds,
        hidden=(str(ground.cloud),),
        scratch=str(scratch),
        root=image.root,
        changes=str(_made(ground, f"changes-{container.name}")) if image.root else "",
        memory=container.memory or task.memory or _MEMORY,
        processes=_PROCESSES,
        ports=container.ports,
        umask=0o002 if groups else 0o022,
        name=container.name,
    )


def _own_command(container: definitions.Container, image: catalogue.Image) -> tuple[str, ...]:
    """As with Docker, an image's command belongs to its own entry point."""
    return () if container.entrypoint else image.command


def _one_identity(variables: dict[str, str]) -> dict[str, str]:
    """A key that the definition itself sets must not be used with the session token of the task's role."""
    given = variables.get("AWS_ACCESS_KEY_ID", "")
    if not given.startswith("ASIA"):
        variables.pop("AWS_SESSION_TOKEN", None)
    return variables


def _search_path(program: str, image: catalogue.Image) -> str:
    if image.root:
        return _PATH
    return f"{os.path.dirname(program)}:{_PATH}" if program.startswith("/") else _PATH


def _shown(image: catalogue.Image, program: str) -> tuple[str, ...]:
    """The folders of a local image; raises Impossible when the task's user could not read its folder."""
    if image.root:
        return ()
    python = confinement.shown_for(program) if _is_python(program) else ()
    shown = tuple(dict.fromkeys((image.folder, *image.read_only, *python)))
    for path in shown:
        if not os.path.exists(path):
            raise definitions.Impossible(f"CannotPullContainerError: {path} of the local image is not there")
        if confinement.means() == "namespaces" and os.stat(path).st_mode & 0o004 == 0:
            raise definitions.Impossible(
                f"CannotStartContainerError: {path} cannot be read by the user that tasks run as; chmod -R o+rX it"
            )
    return shown


def _is_python(program: str) -> bool:
    """Whether `program` lies where a Python does: scripts of a virtual environment need it as well."""
    folder = Path(program).parent
    return program.startswith("/") and ((folder.parent / "pyvenv.cfg").exists() or (folder / "python3").exists())


def _made(ground: Ground, name: str) -> Path:
    """A folder of the task's own, which its user may write to."""
    return _owned(ground, ground.own / name)


def _owned(ground: Ground, folder: Path) -> Path:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True)
        if os.geteuid() == 0 and confinement.means() == "namespaces":
            os.chown(folder, ground.uid, ground.uid)
    return folder


def _volumes(
    ground: Ground, task: definitions.Task, container: definitions.Container
) -> tuple[tuple[confinement.Bind, ...], tuple[int, ...]]:
    """The binds of a container's mount points, and the groups through which it may write to volumes."""
    binds: list[confinement.Bind] = []
    groups: list[int] = []
    for mount in container.mounts:
        given = task.volumes.get(mount.volume)
        if given is None:
            raise definitions.Impossible(f"CannotCreateVolumeError: there is no volume {mount.volume}")
        found = catalogue.volume(ground.cloud, given)
        if found is not None:
            writable = ground.account in found.writers and not mount.read_only
            groups += [_group(found)] if writable else []
            source = found.path
        else:
            writable, source = not mount.read_only, str(_unshared(ground, given))
        binds.append(confinement.Bind(source, mount.path, writable))
    if binds and confinement.means() == "none":
        raise definitions.Impossible("CannotCreateVolumeError: this machine lets no one have mounts of their own")
    return tuple(binds), tuple(dict.fromkeys(groups))


def _unshared(ground: Ground, given: Mapping[str, Any]) -> Path:
    """A file system of the account, or an empty volume of the task; anything else was not provided."""
    system = (given.get("efsVolumeConfiguration") or {}).get("fileSystemId", "")
    if system and system in importlib.import_module("ministack.services.efs")._file_systems:
        return _owned(ground, ground.cloud / "data" / "efs" / ground.account / system)
    if given.get("host") or given.get("efsVolumeConfiguration") or given.get("dockerVolumeConfiguration"):
        raise definitions.Impossible(
            f"CannotCreateVolumeError: no volume named {given['name']} was provided to the embedded cloud"
        )
    return _made(ground, f"volume-{given['name']}")


def _group(volume: catalogue.Volume) -> int:
    """The group that a volume's writers share, since each account has a user of its own."""
    digest = hashlib.sha256(b"stackyard volume\0" + volume.name.encode()).digest()
    group = _FIRST_GROUP + int.from_bytes(digest[:8], "big") % _GROUPS
    if os.geteuid() == 0 and confinement.means() == "namespaces":
        found = os.stat(volume.path)
        if found.st_gid != group or found.st_mode & 0o2775 != 0o2775:
            os.chown(volume.path, -1, group)
            os.chmod(volume.path, found.st_mode | 0o2775)  # what is made in it belongs to the group, too
    return group
