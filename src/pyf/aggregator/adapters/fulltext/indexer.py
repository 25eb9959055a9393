"""Update a search index from its collection, or rebuild it."""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path

import tantivy
from msgspec import Struct

from ...domain.batching import split_into_batches
from ...domain.errors import Unavailable
from ...domain.relevance import PopularityScale
from .entries import EntryBuilder, RankingContext, StoredBatch, count_processes, open_builders
from .files import remove_tree, swap_in
from .indexed_package import SEARCH_VERSION, IndexedPackage
from .source import CollectionSource, PackageReader
from .stored_fields import FILE_NAME, SORT_POSITIONS, IndexProgress, StoredFields, StoredFieldsWriter
from .terms import build_document, build_schema

# Bytes of terms that tantivy buffers before it writes a segment: enough for about 300,000 packages in one segment,
# which is faster to search than three.
_WRITER_MEMORY = 256 * 1024 * 1024
_BATCH = 250
# If this fraction of the packages has changed, popularity is computed again.
_NOTABLE_CHANGE = 0.01


def rebuild(collection: CollectionSource, folder: Path, context: RankingContext) -> None:
    """Build a search index from the whole collection, and replace the current one."""
    new = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    for leftover in folder.parent.glob(f"{folder.name}.new-*"):
        remove_tree(leftover)
    try:
        new.mkdir(parents=True)
        with closing(StoredFields(new / FILE_NAME)) as stored:
            stored.create()
            _fill(collection, stored, new, context)
    except OSError as error:
        raise Unavailable(f"the search index {folder} can't be written: {error.strerror}") from error
    swap_in(new, folder)


def catch_up(
    collection: CollectionSource, folder: Path, stored: StoredFields, progress: IndexProgress, context: RankingContext
) -> None:
    """Update a search index to the latest change.

    Raises:
        NoSortPositionLeft: A new name has no place in the order of names; the index must be rebuilt.
        TooManyChanges: A rebuild takes less time than the update.
    """
    with stored.write() as rows:
        changes = collection.read_changes(progress.position, rows)
        first = next(changes, None)
        if first is None:
            return
        writer = tantivy.Index.open(str(folder)).writer(_WRITER_MEMORY, 1)
        package_count = rows.count_packages()
        index = _PackageWriter(rows, writer, context, progress.popularity)
        position, scale, changed_count = progress.position, progress.popularity, progress.changed_count
        for changed in chain((first,), changes):
            position = changed.position
            changed_count += len(changed.records)
            for record in changed.records:
                writer.delete_documents_by_term("name", record.name)
                rows.put_numbers(record)
                if record.entry is None:
                    rows.delete(record.name)
                else:
                    index.add(record.entry, rows.find_sort_position(record.name))
        if changed_count > package_count * _NOTABLE_CHANGE:
            scale, changed_count = rows.compute_popularity(), 0
        writer.commit()
        rows.put_progress(
            IndexProgress(
                identity=progress.identity,
                position=position,
                lexicon=progress.lexicon,
                search_version=SEARCH_VERSION,
                popularity=scale,
                changed_count=changed_count,
            )
        )
    writer.wait_merging_threads()


def _fill(collection: CollectionSource, stored: StoredFields, folder: Path, context: RankingContext) -> None:
    writer = tantivy.Index(build_schema(), path=str(folder)).writer(_WRITER_MEMORY, 1)
    with collection.open_reader() as reader, stored.write() as rows:
        package_count = len(reader.names)
        builder = EntryBuilder(reader.parse, context.freeze(), reader.popularity, SORT_POSITIONS // (package_count + 1))
        with open_builders(builder, count_processes(package_count)) as build_batches:
            for batch in build_batches(_read_batches(reader)):
                rows.insert(entry.row for entry in batch if entry.row is not None)
                rows.insert_numbers((entry.name, entry.numbers) for entry in batch)
                for entry in batch:
                    if entry.document:
                        writer.add_json(entry.document)
        writer.commit()
        rows.put_progress(
            IndexProgress(
                identity=collection.identity,
                position=reader.position,
                lexicon=context.lexicon.fingerprint,
                search_version=SEARCH_VERSION,
                popularity=reader.popularity,
            )
        )
    writer.wait_merging_threads()


def _read_batches(reader: PackageReader) -> Iterator[StoredBatch]:
    """Yield all packages with their positions among the names, from 1 on."""
    position = 0
    for names in split_into_batches(reader.names, _BATCH):
        positions = {name: number for number, name in enumerate(names, position + 1)}
        position += len(names)
        yield [(positions[name], package) for name, package in reader.read(names)]


class _PackageWriter(Struct, frozen=True):
    """Writes packages into both files of an index; `scale` is the popularity that their quality is computed with."""

    rows: StoredFieldsWriter
    writer: tantivy.IndexWriter
    context: RankingContext
    scale: PopularityScale

    def add(self, entry: IndexedPackage, sort_position: int) -> None:
        """Add a package, or replace it."""
        number = self.rows.put(entry, sort_position)
        quality = self.context.compute_quality(entry.quality_signals, self.scale)
        self.writer.add_json(
            build_document(entry, self.context.lexicon, number=number, sort_position=sort_position, quality=quality)
        )
