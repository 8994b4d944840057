"""A resource of the tests' own: books on a shelf, with every type and habit that resources may have.

Its proto is built here, so that the toolkit is proved on more than the services of today use.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from sqlalchemy import ARRAY, Boolean, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text, Uuid

from services.crud.operations import Archive, Create, Delete, Get, List, Update
from services.crud.resource import Parent, Resource, Row, Values
from services.kernel.call import Call
from services.kernel.errors import invalid
from services.kernel.policy import MethodPolicy
from services.kernel.rpc import Handler

TYPES = {
    "text": Field.TYPE_STRING,
    "int": Field.TYPE_INT32,
    "flag": Field.TYPE_BOOL,
    "double": Field.TYPE_DOUBLE,
}
CONTENT = {
    "title": "text",
    "notes": "text?",
    "pages": "int?",
    "price": "double?",
    "deposit": "text?",
    "printed": "text?",
    "read_at": "text?",
    "author_uuid": "text?",
    "tags": "text*",
    "is_hidden": "flag?",
}
KEY = {"shelf_uuid": "text", "book_uuid": "text"}
LISTED = {
    "shelf_uuid": "text",
    "search": "text",
    "pages": "int?",
    "author_uuid": "text",
    "include_hidden": "flag",
    "include_deleted": "flag",
    "sort_by": "text",
    "sort_order": "text",
    "page_size": "int",
}
MESSAGES: dict[str, dict[str, str]] = {
    "Book": {
        "id": "text",
        "shelf_uuid": "text",
        **CONTENT,
        "version": "int",
        "created_at": "text",
        "updated_at": "text",
        "deleted_at": "text?",
        "shout": "text",
    },
    "CreateBook": {"shelf_uuid": "text", **CONTENT},
    "UpdateBook": {
        **KEY,
        "base_version": "int",
        **{name: "text?" if name == "title" else kind for name, kind in CONTENT.items()},
        "clear_fields": "text*",
    },
    "BookKey": KEY,
    "ListBooks": {**LISTED, "page": "int"},
    "WalkBooks": {**LISTED, "page_token": "text"},
    "Empty": {},
}

METADATA = MetaData()
shelves = Table(
    "shelves",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
)
books = Table(
    "books",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("org_id", Text, nullable=False),
    Column("livemode", Boolean, nullable=False),
    Column("shelf_uuid", Uuid, nullable=False),
    Column("title", Text, nullable=False, unique=True),
    Column("notes", Text),
    Column("pages", Integer),
    Column("price", Numeric(12, 2)),
    Column("deposit", Numeric(12, 2)),
    Column("printed", Date),
    Column("read_at", DateTime(timezone=True)),
    Column("author_uuid", Uuid),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    Column("is_hidden", Boolean, nullable=False, server_default="false"),
    Column("version", Integer, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("deleted_at", DateTime(timezone=True)),
)


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="tests/shelf.proto", package="tests.shelf.v1", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field_name, kind) in enumerate(fields.items(), 1):
            field = message.field.add(name=field_name, number=number, type=TYPES[kind.rstrip("?*")])
            field.label = Field.LABEL_REPEATED if kind.endswith("*") else Field.LABEL_OPTIONAL
            if kind.endswith("?"):
                field.proto3_optional = True
                field.oneof_index = len(message.oneof_decl)
                message.oneof_decl.add(name=f"_{field_name}")
    for name, fields in {
        "ListBooksResponse": {"page": "int", "page_size": "int", "total": "int"},
        "WalkBooksResponse": {"next_page_token": "text"},
    }.items():
        message = file.message_type.add(name=name)
        message.field.add(
            name="items", number=1, type=Field.TYPE_MESSAGE, label=Field.LABEL_REPEATED,
            type_name=".tests.shelf.v1.Book",
        )  # fmt: skip
        for number, (field_name, kind) in enumerate(fields.items(), 2):
            message.field.add(name=field_name, number=number, type=TYPES[kind], label=Field.LABEL_OPTIONAL)
    return file


_POOL = DescriptorPool()
_POOL.Add(_file())


def message(name: str) -> Any:
    """The class of a message."""
    return GetMessageClass(_POOL.FindMessageTypeByName(f"tests.shelf.v1.{name}"))


def shout(row: Row, _call: Call) -> Values:
    """A field that is no column."""
    return {"shout": str(row["title"]).upper()}


def check_new(values: Values, _call: Call) -> Values:
    """A rule about new books, and a default."""
    if values.get("title") == "forbidden":
        raise invalid("title", "forbidden", "must not be forbidden")
    return {"pages": 1, **values}


def check_change(row: Row, values: Values, _call: Call) -> Values:
    """A rule about the row as it would become."""
    merged = {**row, **values}
    if merged["pages"] == 13 and merged["title"] == "lucky":
        raise invalid("pages", "unlucky", "must not be 13 in a lucky book")
    return values


BOOK = Resource(
    "book",
    books,
    message("Book"),
    key="book_uuid",
    parents=(Parent("shelf_uuid", shelves, "shelf"),),
    search=("title", "notes"),
    sort=("title", "pages", "price", "printed", "read_at", "created_at"),
    order="title",
    filters=("pages", "author_uuid"),
    hidden="is_hidden",
    page_size=3,
    derive=shout,
)

RPCS: dict[str, Handler] = {
    "ListBooks": List(BOOK),
    "WalkBooks": List(BOOK),
    "GetBook": Get(BOOK),
    "CreateBook": Create(BOOK, check=check_new),
    "UpdateBook": Update(BOOK, check=check_change),
    "ArchiveBook": Archive(BOOK),
    "DeleteBook": Delete(BOOK),
}
ANSWERS = {"ListBooks": "ListBooksResponse", "WalkBooks": "WalkBooksResponse", "DeleteBook": "Empty"}


def policy(name: str) -> MethodPolicy:
    """A policy as the proto of a real service would give it."""
    return MethodPolicy(
        full_name=f"/tests.shelf.v1.ShelfService/{name}",
        name=name,
        family="shelf",
        scope="shelf:write",
        public=False,
        needs_token_and_key=False,
        success_status=200,
        takes_idempotency_key=False,
        requires_idempotency_key=False,
        audited="write",
        meter="",
        streaming=False,
        output_type=message(ANSWERS.get(name, "Book")),
    )
