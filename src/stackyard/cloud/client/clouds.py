"""`EmbeddedCloud`: the cloud of one estate, and a temporary one for tests."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from stackyard.cloud.client import accounts, files, images, installation, processes, usage
from stackyard.cloud.client.processes import CloudInfo, Settings
from stackyard.errors import CloudError

FOLDER = Path(".stackyard") / "cloud"


class EmbeddedCloud:
    """The embedded cloud of the estate at `root`; its data, port and log are in `<root>/.stackyard/cloud/`.

    Making the object does nothing: `ensure` starts the server. The server outlives the program that started it,
    and any number of programs share it. Two estates have two servers on two ports.
    """

    def __init__(
        self, root: Path, *, settings: Settings | None = None, progress: installation.Progress | None = None
    ) -> None:
        self.folder = Path(root).resolve() / FOLDER
        self.settings = settings or Settings()
        self._progress = progress

    async def ensure(self) -> CloudInfo:
        """Return the running cloud, started first if need be; raises CloudError when it cannot be."""
        return await asyncio.to_thread(self.start)

    def start(self) -> CloudInfo:
        """What `ensure` does, for callers without an event loop."""
        found = processes.running(self.folder)
        if found is not None and processes.is_outdated(self.folder):
            if self._progress:
                self._progress("the embedded cloud runs another version of its program: it starts again with its data")
            processes.stop(self.folder)
            found = None
        return found or processes.start(self.folder, self.settings, progress=self._progress)

    async def status(self) -> CloudInfo | None:
        """The running cloud, or None; starts nothing."""
        return await asyncio.to_thread(processes.running, self.folder)

    async def describe(self) -> dict[str, object]:
        """What runs inside: services in use, accounts, memory in bytes, uptime in seconds. Raises when it is down."""
        info = await self.status()
        if info is None:
            raise CloudError("the embedded cloud is not running", hint="Run `stackyard cloud start`.")
        return await asyncio.to_thread(processes.ask, self.folder, info.port, "GET", "/_stackyard/status")

    async def usage(self, start: datetime.datetime, end: datetime.datetime, *, hourly: bool = False) -> usage.Counted:
        """What was counted in the hours that `[start, end)` touches, in all accounts; raises when it is down."""
        info = await self.status()
        if info is None:
            raise CloudError("the embedded cloud is not running", hint="Run `stackyard cloud start`.")
        return await asyncio.to_thread(usage.read, self.folder, info.port, start, end, hourly=hourly)

    async def stop(self) -> bool:
        """Stop the server and keep its data; returns whether one ran."""
        return await asyncio.to_thread(processes.stop, self.folder)

    async def reset(self, *, confirm: bool) -> None:
        """Delete every resource of every account, and start again if it ran. Keys and port stay the same.

        Raises CloudError unless `confirm` is true.
        """
        if not confirm:
            raise CloudError(
                f"reset deletes everything in the embedded cloud of {self.folder}", hint="Say so with --yes."
            )
        ran = await self.stop()
        await asyncio.to_thread(self._delete)
        if ran:
            await self.ensure()

    def provide(self, *items: images.LocalImage | images.Volume) -> None:
        """Add local images and volumes for tasks, in place of those of the same name; the cloud need not run.

        Raises CloudError when a name or a folder is not one.
        """
        images.provide(self.folder, items)

    async def logs(self, *, lines: int = 200, follow: bool = False) -> AsyncIterator[str]:
        """The last `lines` of the server's log, then, with `follow`, each new line as it is written."""
        path, position = self.folder / "server.log", 0
        with contextlib.suppress(FileNotFoundError):
            data = path.read_bytes()
            position = len(data)
            for line in data.decode(errors="replace").splitlines()[-lines:] if lines else ():
                yield line
        while follow:
            await asyncio.sleep(0.2)
            fresh, position = _since(path, position)
            for line in fresh:
                yield line

    def environ(self, account: str, region: str = "eu-west-1") -> dict[str, str]:
        """The variables with which a program reaches `account` in this cloud as its root, and no other cloud.

        Merge them into `withheld(os.environ)`. Raises CloudError when the cloud has never run.
        """
        try:
            port = int((self.folder / "port").read_text(encoding="ascii"))
        except FileNotFoundError:
            raise CloudError("the embedded cloud has not been started", hint="Run `stackyard cloud start`.") from None
        key = accounts.root_key(self.folder, account)
        return accounts.settings(f"http://{processes.HOST}:{port}", key, region)

    @classmethod
    @contextlib.contextmanager
    def temporary(
        cls, *, settings: Settings | None = None, progress: installation.Progress | None = None
    ) -> Iterator[EmbeddedCloud]:
        """A cloud in a folder of its own that dies with this process, however it ends; for tests.

        It keeps nothing on disk unless `settings` says `durable`.
        """
        root = Path(tempfile.mkdtemp(prefix="stackyard-cloud-"))
        reading, writing = os.pipe()
        try:
            cloud = cls(root, settings=settings or Settings(durable=False), progress=progress)
            processes.start(cloud.folder, cloud.settings, parent=reading, progress=progress)
            os.close(reading)
            yield cloud
            processes.stop(cloud.folder)
        finally:
            os.close(writing)
            shutil.rmtree(root, ignore_errors=True)

    def _delete(self) -> None:
        with files.locked(self.folder / "start.lock"):
            if files.is_held(self.folder / "server.lock"):
                raise CloudError("the embedded cloud was started again during its reset", hint="Reset it once more.")
            try:
                shutil.rmtree(self.folder / "data")
            except FileNotFoundError:
                return
            except RecursionError:  # what tasks have made may be deeper than Python can follow
                subprocess.run(["rm", "-rf", "--", str(self.folder / "data")], check=True)


def _since(path: Path, position: int) -> tuple[list[str], int]:
    """The whole lines of `path` after `position`; from its beginning when it was rotated away meanwhile."""
    try:
        with path.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) < position:
                position = 0
            stream.seek(position)
            data = stream.read()
    except FileNotFoundError:
        return [], 0
    whole = data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace").splitlines(), position + len(whole)
