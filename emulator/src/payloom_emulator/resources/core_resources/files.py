"""Files and links to them. https://docs.stripe.com/api/files."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import Download, provided
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import is_object
from payloom_emulator.protocol.param_types import enum

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.accounts import File, FileLink
    from payloom_emulator.objects.params.file_links import FileLinkUpdateParams
    from payloom_emulator.objects.params.files import FileCreateParams

MAX_SIZE = 16 * 1024 * 1024


def _create(call: RequestContext[FileCreateParams]) -> File:
    upload: object = call.params.get("file")
    purpose = provided(call.params.get("purpose"))
    if not is_object(upload):
        raise parameter_missing("file")
    if not purpose:
        raise parameter_missing("purpose")
    if purpose not in enum("POST", "/v1/files", "purpose"):
        raise invalid(f"Invalid purpose: {purpose}", "purpose")
    content = upload.get("content")
    if not isinstance(content, bytes):
        raise invalid("Invalid file: send it as a part of a multipart/form-data body.", "file")
    if len(content) > MAX_SIZE:
        raise invalid("The file is larger than 16 MB.", "file")
    name = str(upload["filename"]).replace("\\", "/").rsplit("/", 1)[-1]
    file_id = call.unit.new_id("file")
    return call.unit.create(
        kinds.FILE,
        {
            "id": file_id,
            "filename": name,
            "purpose": purpose,
            "size": len(content),
            "type": name.rsplit(".", 1)[-1].lower() if "." in name else None,
            "url": f"{call.unit.environment.base_url}/v1/files/{file_id}/contents",
            "_content": base64.b64encode(content).decode(),
        },
    )


def _contents(call: RequestContext[Params]) -> Download:
    file = call.unit.get(kinds.FILE, call.ids["file"])
    media_type = mimetypes.guess_type(file["filename"] or "")[0] or "application/octet-stream"
    return Download(base64.b64decode(file["_content"]), media_type, file["filename"] or file["id"])


def _links(unit: UnitOfWork, file: File) -> Mapping[str, object]:
    return list_of(unit.list(kinds.FILE_LINK, file=file["id"]), f"/v1/file_links?file={file['id']}")


def _link(call: RequestContext[Params], draft: FileLink) -> None:
    draft["url"] = f"{call.unit.environment.base_url}/_emulator/files/{call.unit.environment.ids.new('', 32)}"


def _expiring(call: RequestContext[FileLinkUpdateParams], link: FileLink, changes: dict[str, object]) -> None:
    del link
    if call.params.get("expires_at") == "now":
        changes.update({"expires_at": call.unit.now, "expired": True})


FILE = Resource(
    schema=Schema(
        object="file",
        prefix="file_1",
        id_length=23,
        path="/v1/files",
        fields=(
            read_only("created"),
            read_only("expires_at"),
            read_only("filename"),
            read_only("purpose"),
            read_only("size", 0),
            read_only("title"),
            read_only("type"),
            read_only("url"),
        ),
        on_create=("file.created",),
        filters=("purpose",),
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"),
        operations=(
            Operation("POST", "/v1/files", _create, private=True),
            Operation("GET", "/v1/files/{file}/contents", _contents, private=True),
        ),
    ),
    includes={"links": _links},
)


FILE_LINK = Resource(
    schema=Schema(
        object="file_link",
        prefix="link_1",
        id_length=23,
        path="/v1/file_links",
        fields=(
            read_only("created"),
            read_only("expired", False),
            settable("expires_at"),
            create_only("file", ref="file"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("url"),
        ),
        filters=("file", "expired"),
    ),
    endpoints=Endpoints(creating=_link, updating=_expiring),
)


RESOURCES = (FILE, FILE_LINK)
