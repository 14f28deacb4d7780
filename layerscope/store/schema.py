"""The tables for what is not content: names, images, layers' figures.

``MIGRATIONS[n]`` takes a database from version n to n + 1; once published, it never changes.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE images (
        id TEXT PRIMARY KEY,              -- digest of the config
        manifest TEXT NOT NULL,           -- digest of the manifest
        media_type TEXT NOT NULL,         -- of the manifest
        manifest_size INTEGER NOT NULL,   -- bytes
        created TEXT NOT NULL,            -- RFC 3339, from the config
        loaded_at TEXT NOT NULL,          -- RFC 3339, when it came here
        parent TEXT                       -- the image that it was made from here
    );
    CREATE TABLE names (
        name TEXT PRIMARY KEY,            -- in full: docker.io/library/alpine:latest
        image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE
    );
    CREATE TABLE image_layers (
        image TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,          -- from 0, bottom up
        diff_id TEXT NOT NULL,
        chain_id TEXT NOT NULL,
        blob TEXT NOT NULL,               -- digest of the layer's blob
        PRIMARY KEY (image, number)
    );
    CREATE TABLE layers (
        diff_id TEXT PRIMARY KEY,
        size INTEGER NOT NULL             -- bytes of its files, each inode once
    );
    CREATE TABLE pending (
        work TEXT PRIMARY KEY             -- what is to be done once the transaction is through
    );
    """,
)
