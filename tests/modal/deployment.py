"""The calls of ``modal deploy`` and ``modal run``: apps, mounts, images, secrets, volumes, functions."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator

from google.protobuf.empty_pb2 import Empty
from grpclib import GRPCError, Status
from modal_proto import api_pb2

from tests.modal.containers import drain, keep_warm, rescale, stop
from tests.modal.images import Image
from tests.modal.records import App, Function, Message, Mount, Secret, Volume
from tests.modal.rpc import Caller
from tests.modal.world import World

BUILDER = "2025.06"
LOGS_POLL_S = 10.0
CREATES = {
    api_pb2.OBJECT_CREATION_TYPE_CREATE_IF_MISSING,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_CREATE_OVERWRITE_IF_EXISTS,
    api_pb2.OBJECT_CREATION_TYPE_ANONYMOUS_OWNED_BY_APP,
    api_pb2.OBJECT_CREATION_TYPE_EPHEMERAL,
}


class Deployment:
    def __init__(self, world: World) -> None:
        self.world = world

    def ClientHello(self, request: Empty, caller: Caller) -> Message:
        return api_pb2.ClientHelloResponse(image_builder_version=BUILDER)

    def EnvironmentGetOrCreate(self, request: Message, caller: Caller) -> Message:
        settings = api_pb2.EnvironmentSettings(image_builder_version=BUILDER)
        metadata = api_pb2.EnvironmentMetadata(name=request.deployment_name or "main", settings=settings)
        return api_pb2.EnvironmentGetOrCreateResponse(environment_id="en-main", metadata=metadata)

    # Apps

    def AppGetByDeploymentName(self, request: Message, caller: Caller) -> Message:
        found = self.world.named("app", request.name)
        return api_pb2.AppGetByDeploymentNameResponse(app_id=found or "", environment_name="main")

    def AppCreate(self, request: Message, caller: Caller) -> Message:
        app = App(self.world.numbers.new("ap"), request.description, request.app_state)
        self.world.apps[app.id] = app
        page = f"{self.world.url}/apps/{app.id}"
        return api_pb2.AppCreateResponse(app_id=app.id, app_page_url=page, app_logs_url=page)

    def AppHeartbeat(self, request: Message, caller: Caller) -> None:
        return None

    def AppGetLayout(self, request: Message, caller: Caller) -> Message:
        return api_pb2.AppGetLayoutResponse(app_layout=layout(self.world, self.world.apps[request.app_id]))

    def AppPublish(self, request: Message, caller: Caller) -> Message:
        app = self.world.apps[request.app_id]
        app.state = request.app_state or app.state
        app.functions = {}
        app.class_ids = dict(request.class_ids)
        for tag, function_id in request.function_ids.items():
            app.functions[tag] = self._publish(function_id)
        app.deployed_at = time.time()
        if request.name:
            app.name = request.name
            self.world.names["app", request.name] = app.id
        for function in app.functions.values():
            drain(self.world, function)
            keep_warm(self.world, function)
        url = f"{self.world.url}/apps/{app.id}"
        return api_pb2.AppPublishResponse(url=url, deployed_at=app.deployed_at)

    def _publish(self, function_id: str) -> Function:
        function, new = self.world.functions[function_id], self.world.staged.pop(function_id, None)
        if new is not None:
            for name in ("definition", "alternatives", "image", "mounts", "secrets", "volumes"):
                setattr(function, name, getattr(new, name))
            function.version += 1
        return function

    def AppClientDisconnect(self, request: Message, caller: Caller) -> None:
        app = self.world.apps[request.app_id]
        if app.state == api_pb2.APP_STATE_EPHEMERAL:
            self._stop(app)

    def AppStop(self, request: Message, caller: Caller) -> None:
        self._stop(self.world.apps[request.app_id])

    def _stop(self, app: App) -> None:
        app.state = api_pb2.APP_STATE_STOPPED
        self.world.names = {key: value for key, value in self.world.names.items() if value != app.id}
        self.world.start(stop(self.world, app))

    async def AppGetLogs(self, request: Message, caller: Caller) -> AsyncIterator[Message]:
        """From the entry after ``last_entry_id``; ends with ``app_done``, or after a while for the client to
        ask anew.
        """
        app = self.world.apps[request.app_id]
        position = int(request.last_entry_id or 0)
        until = time.monotonic() + min(request.timeout or 0.0, LOGS_POLL_S)
        while True:
            for entry in app.logs[position:]:
                position += 1
                item = api_pb2.TaskLogs(
                    data=entry.text,
                    file_descriptor=entry.stream,
                    timestamp=entry.at,
                    container_id=entry.task_id,
                )
                yield api_pb2.TaskLogsBatch(
                    task_id=entry.task_id, function_id=entry.function_id, items=[item], entry_id=str(position)
                )
            if app.stopped:
                yield api_pb2.TaskLogsBatch(app_done=True)
                return
            left_s = until - time.monotonic()
            if left_s <= 0:
                return
            await app.changed.wait(left_s)

    # Mounts and images

    def MountBatchedCheckExistence(self, request: Message, caller: Caller) -> Message:
        missing = [each for each in request.sha256_hex_hashes if not self.world.stored(each).exists()]
        return api_pb2.MountBatchedCheckExistenceResponse(missing_sha256_hex_hashes=missing)

    def MountPutFile(self, request: Message, caller: Caller) -> Message:
        if request.WhichOneof("data_oneof") is not None:
            data = (
                self.world.blob(request.data_blob_id).read_bytes() if request.data_blob_id else request.data
            )
            self.world.store(request.sha256_hex, data)
        return api_pb2.MountPutFileResponse(exists=self.world.stored(request.sha256_hex).exists())

    def MountGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """A named mount is Modal's own, of its client: it is there, and containers find the client by other
        ways.
        """
        name = request.deployment_name
        if not (mount_id := self.world.named("mount", name)):
            mount_id = self.world.new("mount", "mo", name)
            self.world.mounts[mount_id] = Mount(
                mount_id, {each.filename: each for each in request.files}, name
            )
        listing = "".join(sorted(f"{each.filename} {each.sha256_hex}\n" for each in request.files))
        digest = hashlib.sha256(listing.encode()).hexdigest()
        metadata = api_pb2.MountHandleMetadata(content_checksum_sha256_hex=digest)
        return api_pb2.MountGetOrCreateResponse(mount_id=mount_id, handle_metadata=metadata)

    def ImageGetOrCreate(self, request: Message, caller: Caller) -> Message:
        """Builds nothing: the Python that runs the tests stands in for what the image installs."""
        definition = request.image
        digest = hashlib.sha256(definition.SerializeToString(deterministic=True)).hexdigest()
        if not (image_id := self.world.named("image", digest)):
            image_id = self.world.new("image", "im", digest)
            bases = [self.world.images[each.image_id] for each in definition.base_images]
            self.world.images[image_id] = Image(
                image_id,
                definition,
                request.builder_version,
                base=bases[0] if bases else None,
                context=self.world.mounts.get(definition.context_mount_id),
                secrets=[self.world.secrets[each].name for each in definition.secret_ids],
            )
        result = api_pb2.GenericResult(status=api_pb2.GenericResult.GENERIC_STATUS_SUCCESS)
        metadata = api_pb2.ImageMetadata(image_builder_version=request.builder_version)
        return api_pb2.ImageGetOrCreateResponse(image_id=image_id, result=result, metadata=metadata)

    # Secrets and volumes

    def SecretGetOrCreate(self, request: Message, caller: Caller) -> Message:
        name = request.deployment_name
        secret_id = self.world.named("secret", name) if name else None
        kind = request.object_creation_type
        if secret_id and kind == api_pb2.OBJECT_CREATION_TYPE_CREATE_FAIL_IF_EXISTS:
            raise GRPCError(Status.ALREADY_EXISTS, f"Secret '{name}' already exists")
        if secret_id is None or request.env_dict:
            if kind not in CREATES:
                raise GRPCError(Status.NOT_FOUND, f"Secret '{name}' not found in environment 'main'")
            secret_id = self.world.new("secret", "st", name)
            self.world.secrets[secret_id] = Secret(secret_id, name, dict(request.env_dict))
        secret = self.world.secrets[secret_id]
        secret.required_keys.update(request.required_keys)
        if missing := [key for key in request.required_keys if key not in secret.env]:
            raise GRPCError(Status.NOT_FOUND, f"Secret '{name}' is missing key(s): {', '.join(missing)}")
        metadata = api_pb2.SecretMetadata(name=secret.name, keys=sorted(secret.env), environment_name="main")
        return api_pb2.SecretGetOrCreateResponse(secret_id=secret_id, metadata=metadata)

    def VolumeGetOrCreate(self, request: Message, caller: Caller) -> Message:
        name = request.deployment_name
        if not (volume_id := self.world.named("volume", name)):
            if request.object_creation_type not in CREATES:
                raise GRPCError(Status.NOT_FOUND, f"Volume '{name}' not found in environment 'main'")
            volume_id = new_volume(self.world, name).id
        metadata = api_pb2.VolumeMetadata(version=request.version, name=name)
        return api_pb2.VolumeGetOrCreateResponse(
            volume_id=volume_id, version=request.version, metadata=metadata
        )

    def VolumeCommit(self, request: Message, caller: Caller) -> Message:
        self.world.volumes[request.volume_id].commits += 1
        return api_pb2.VolumeCommitResponse(skip_reload=True)

    def VolumeReload(self, request: Message, caller: Caller) -> None:
        self.world.volumes[request.volume_id].reloads += 1

    # Functions and classes

    def ClassCreate(self, request: Message, caller: Caller) -> Message:
        class_id = request.existing_class_id or self.world.numbers.new("cs")
        return api_pb2.ClassCreateResponse(class_id=class_id, handle_metadata=api_pb2.ClassHandleMetadata())

    async def FunctionPrecreate(self, request: Message, caller: Caller) -> Message:
        app = self.world.apps[request.app_id]
        function = self.world.functions.get(request.existing_function_id)
        if function is None:
            function = Function(self.world.numbers.new("fu"), app, request.function_name)
            self.world.functions[function.id] = function
        if not function.version:
            function.definition = api_pb2.Function(
                function_name=request.function_name,
                function_type=request.function_type,
                webhook_config=request.webhook_config,
                method_definitions=request.method_definitions,
                function_schema=request.function_schema,
                supported_input_formats=request.supported_input_formats,
                supported_output_formats=request.supported_output_formats,
            )
        if request.webhook_config.type and not function.web_url:
            assert self.world.webs
            function.web_url = await self.world.webs.open(function)
        return api_pb2.FunctionPrecreateResponse(function_id=function.id, handle_metadata=function.metadata())

    def FunctionCreate(self, request: Message, caller: Caller) -> Message:
        """Kept aside until the app is published: a failed deployment changes nothing."""
        function = self.world.function(request.existing_function_id)
        ranked = sorted(request.function_data.ranked_functions, key=lambda each: each.rank)
        definitions = [each.function for each in ranked] or [request.function]
        new = declared(self.world, function, definitions)
        self.world.staged[function.id] = new
        return api_pb2.FunctionCreateResponse(
            function_id=function.id,
            function=new.definition,
            function_data=new.data(),
            handle_metadata=new.metadata(),
        )

    def FunctionGet(self, request: Message, caller: Caller) -> Message:
        function = self._deployed(request.app_name).functions.get(request.object_tag)
        if function is None:
            raise GRPCError(
                Status.NOT_FOUND, f"App '{request.app_name}' has no function '{request.object_tag}'"
            )
        return api_pb2.FunctionGetResponse(
            function_id=function.id, handle_metadata=function.metadata(), function=function.data()
        )

    def ClassGet(self, request: Message, caller: Caller) -> Message:
        class_id = self._deployed(request.app_name).class_ids.get(request.object_tag)
        if class_id is None:
            raise GRPCError(Status.NOT_FOUND, f"App '{request.app_name}' has no class '{request.object_tag}'")
        return api_pb2.ClassGetResponse(class_id=class_id, handle_metadata=api_pb2.ClassHandleMetadata())

    def _deployed(self, name: str) -> App:
        app_id = self.world.named("app", name)
        if app_id is None:
            raise GRPCError(Status.NOT_FOUND, f"App '{name}' not found in environment 'main'")
        return self.world.apps[app_id]

    def FunctionGetSchedulingParams(self, request: Message, caller: Caller) -> Message:
        function = self.world.function(request.function_id)
        settings = function.definition.autoscaler_settings
        configuration = api_pb2.AutoscalerConfiguration(settings=settings)
        return api_pb2.FunctionGetSchedulingParamsResponse(autoscaler_configuration=configuration)

    def FunctionUpdateSchedulingParams(self, request: Message, caller: Caller) -> Message:
        """What is set is laid over what was declared, until the app is deployed again."""
        function = self.world.function(request.function_id)
        function.definition.autoscaler_settings.MergeFrom(request.settings)
        rescale(self.world, function)
        settings = function.definition.autoscaler_settings
        return api_pb2.FunctionUpdateSchedulingParamsResponse(current_settings=settings)

    def FunctionBindParams(self, request: Message, caller: Caller) -> Message:
        bound = bind(self.world, self.world.function(request.function_id), request.serialized_params)
        return api_pb2.FunctionBindParamsResponse(
            bound_function_id=bound.id, handle_metadata=bound.metadata()
        )


def new_volume(world: World, name: str) -> Volume:
    volume_id = world.new("volume", "vo", name)
    folder = world.folder / "volumes" / (name or volume_id)
    folder.mkdir(parents=True)
    world.volumes[volume_id] = Volume(volume_id, name, folder)
    return world.volumes[volume_id]


def bind(world: World, function: Function, params: bytes) -> Function:
    """The function of a class's instance with these parameters; without any, of the class itself."""
    if not params:
        return function
    digest = base64.b16encode(hashlib.sha256(params).digest()).decode()
    found = world.named("bound", f"{function.id} {digest}")
    if not found:
        found = world.new("bound", "fu", f"{function.id} {digest}")
        world.functions[found] = Function(found, function.app, function.name, params=params, base=function)
    bound = world.functions[found]
    for name in ("definition", "alternatives", "image", "mounts", "secrets", "volumes", "version"):
        setattr(bound, name, getattr(function, name))
    return bound


def declared(world: World, function: Function, definitions: list[api_pb2.Function]) -> Function:
    """``function`` as it will be when its app is published."""
    first = definitions[0]
    for definition in definitions:
        definition.web_url = function.web_url
    return Function(
        function.id,
        function.app,
        function.name,
        definition=first,
        alternatives=definitions if len(definitions) > 1 else [],
        image=world.images.get(first.image_id),
        mounts=[world.mounts[each] for each in first.mount_ids],
        secrets=[world.secrets[each] for each in first.secret_ids],
        volumes={each.mount_path: world.volumes[each.volume_id] for each in first.volume_mounts},
        web_url=function.web_url,
        version=function.version + 1,
    )


def layout(world: World, app: App) -> api_pb2.AppLayout:
    """The app's objects with what the client must know of each."""
    result = api_pb2.AppLayout(class_ids=app.class_ids)
    for tag, function in app.functions.items():
        result.function_ids[tag] = function.id
        result.objects.add(object_id=function.id, function_handle_metadata=function.metadata())
    for class_id in app.class_ids.values():
        result.objects.add(object_id=class_id, class_handle_metadata=api_pb2.ClassHandleMetadata())
    kept = {
        each.object_id
        for function in app.functions.values()
        for each in function.definition.object_dependencies
    }
    for number in sorted(kept - set(app.class_ids.values()) - {each.id for each in app.functions.values()}):
        entry = result.objects.add(object_id=number)
        if number.startswith("mo-"):
            entry.mount_handle_metadata.SetInParent()
        elif number.startswith("vo-"):
            entry.volume_metadata.name = world.volumes[number].name
    return result
