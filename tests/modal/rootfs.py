"""What a container sees: the files that were uploaded, its image's packages, its secrets, its volumes."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from modal_proto import api_pb2

from tests.modal.images import lay_out
from tests.modal.records import Function
from tests.modal.rpc import TASK_HEADER
from tests.modal.world import World

HOME = PurePosixPath("/") / "root"  # Modal's containers start there, and import from there


@dataclass
class Root:
    """``home`` stands for the folder that Modal starts containers in; ``env`` is all of the environment."""

    folder: Path
    home: Path
    env: dict[str, str]

    def restore(self, task_id: str) -> None:
        """Let a container go on that waits to be brought back from its snapshot."""
        new = self.folder / "restore.new"
        new.write_text(json.dumps({"task_id": task_id}))
        new.rename(self.folder / "restore.json")

    def remove(self) -> None:
        shutil.rmtree(self.folder)


def build(world: World, function: Function, task_id: str) -> Root:
    """Folders and environment of a new container. Raises FileExistsError where a mount path is something
    else's.
    """
    folder = world.folder / "containers" / task_id
    home, scratch = folder / "root", folder / "tmp"
    for each in (home, scratch, folder / "home"):
        each.mkdir(parents=True)
    tree = _tree(world, function)
    for source in (tree / HOME.relative_to("/")).iterdir():
        (home / source.name).symlink_to(source)
    for source in tree.iterdir():
        if source.name != HOME.name:
            _mount(world, Path("/") / source.name, source)
    for path, volume in function.volumes.items():
        _mount(world, Path(path), volume.folder)
    image = function.image
    site = world.folder / "site" / (image.id if image else "none")
    if not site.exists():
        site.mkdir(parents=True)
        lay_out(image, site)
    snapshot = function.snapshot and world.settings.snapshots
    arguments = folder / "arguments.pb"
    arguments.write_bytes(_arguments(world, function, task_id, snapshot=snapshot).SerializeToString())
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{home}:{site}",
        "PYTHONUNBUFFERED": "1",
        **(image.env if image else {}),
        "MODAL_IS_REMOTE": "1",
        "MODAL_SERVER_URL": world.url,
        "MODAL_TASK_ID": task_id,
        "MODAL_IMAGE_ID": image.id if image else "",
        "MODAL_ENVIRONMENT": "main",
        "MODAL_CLOUD_PROVIDER": "CLOUD_PROVIDER_OCI",
        "MODAL_REGION": "eu-frankfurt-1",
        "MODAL_CONTAINER_ARGUMENTS_PATH": str(arguments),
        "MODAL_OVERRIDE_HEADERS": f"{TASK_HEADER}: {task_id}",
        "MODAL_CONFIG_PATH": "/dev/null",
        "MODAL_DISABLE_API_PROXY": "1",
    }
    if snapshot:
        env |= {"MODAL_ENABLE_SNAP_RESTORE": "1", "MODAL_RESTORE_STATE_PATH": str(folder / "restore.json")}
    for secret in function.secrets:
        env |= secret.env
    return Root(folder, home, env | world.settings.container_env)


def _arguments(
    world: World, function: Function, task_id: str, *, snapshot: bool
) -> api_pb2.ContainerArguments:
    from tests.modal.deployment import layout

    definition = api_pb2.Function()
    definition.CopyFrom(function.definition)
    definition.is_checkpointing_function = snapshot
    return api_pb2.ContainerArguments(
        task_id=task_id,
        function_id=function.id,
        app_id=function.app.id,
        function_def=definition,
        serialized_params=function.params,
        environment_name="main",
        checkpoint_id=f"ch-{task_id[3:]}" if snapshot else "",
        app_layout=layout(world, function.app),
    )


def _tree(world: World, function: Function) -> Path:
    """The uploaded files at their paths, written once for all containers that mount the same."""
    copied = function.image.copied() if function.image else []
    mounts = [(mount, "/") for mount in function.mounts] + copied
    tree = world.folder / "trees" / "-".join(["of", *(mount.id[-6:] for mount, _ in mounts)])
    if not tree.exists():
        (tree / HOME.relative_to("/")).mkdir(parents=True)
        for mount, where in mounts:
            for name, entry in mount.files.items():
                path = tree / (PurePosixPath("/") / where / name.lstrip("/")).relative_to("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.unlink(missing_ok=True)
                shutil.copyfile(world.stored(entry.sha256_hex), path)
    return tree


def _mount(world: World, path: Path, source: Path) -> None:
    """Make ``source`` visible at an absolute path, which must not exist: no namespace of its own hides a
    container.
    """
    if path.is_symlink() and path.readlink() == source:
        return
    if path.exists() or path.is_symlink():
        raise FileExistsError(
            f"{path} cannot be mounted: it exists on this machine. Mount at a free path instead"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(source)
    world.links.append(path)
