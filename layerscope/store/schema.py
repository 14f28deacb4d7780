"""The tables of the store's database, of this room and of those that stand above it.

A room that needs tables adds a migration at the end, and says in the queries below what its rows
keep from being removed.
"""

from __future__ import annotations

_IMAGES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # What is known of a layer once its bytes were read and verified; sizes in bytes.
    """CREATE TABLE layers (
        diff_id TEXT PRIMARY KEY,
        size INTEGER NOT NULL,      -- its files, each inode once (Docker's figure)
        tar_size INTEGER NOT NULL,  -- uncompressed
        files INTEGER NOT NULL,
        entries INTEGER NOT NULL
    ) WITHOUT ROWID""",
    # A blob that was seen to hold a layer.
    """CREATE TABLE layer_blobs (
        digest TEXT PRIMARY KEY,
        diff_id TEXT NOT NULL REFERENCES layers,
        codec TEXT NOT NULL,
        size INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX layer_blobs_of ON layer_blobs (diff_id)",
    # An image is its config. The parent is the image that it was made from here, if it was.
    """CREATE TABLE images (
        id TEXT PRIMARY KEY,
        created TEXT NOT NULL,
        loaded_at TEXT NOT NULL,
        parent TEXT
    ) WITHOUT ROWID""",
    """CREATE TABLE image_layers (
        image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
        position INTEGER NOT NULL,
        diff_id TEXT NOT NULL REFERENCES layers,
        chain_id TEXT NOT NULL,
        PRIMARY KEY (image, position)
    ) WITHOUT ROWID""",
    "CREATE INDEX image_layers_of ON image_layers (diff_id)",
    # One image can have come in several forms: layers plain, gzip, zstd.
    """CREATE TABLE manifests (
        digest TEXT PRIMARY KEY,
        image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
        media_type TEXT NOT NULL,
        size INTEGER NOT NULL,
        loaded_at TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX manifests_of ON manifests (image)",
    """CREATE TABLE manifest_blobs (
        manifest TEXT NOT NULL REFERENCES manifests ON DELETE CASCADE,
        position INTEGER NOT NULL,
        digest TEXT NOT NULL,
        size INTEGER NOT NULL,
        PRIMARY KEY (manifest, position)
    ) WITHOUT ROWID""",
    """CREATE TABLE names (
        name TEXT PRIMARY KEY,
        manifest TEXT NOT NULL REFERENCES manifests ON DELETE CASCADE
    ) WITHOUT ROWID""",
    "CREATE INDEX names_of ON names (manifest)",
    # What a running process works on and nothing may remove.
    """CREATE TABLE pins (
        hand TEXT NOT NULL,
        item TEXT NOT NULL,
        PRIMARY KEY (hand, item)
    ) WITHOUT ROWID""",
)

_CONTAINERS = (
    # ``record`` has what nobody searches for, as JSON.
    """CREATE TABLE containers (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        image TEXT NOT NULL REFERENCES images,
        created TEXT NOT NULL,
        record TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX containers_of ON containers (image)",
    """CREATE TABLE volumes (
        name TEXT PRIMARY KEY,
        created TEXT NOT NULL,
        anonymous INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE mounts (
        container TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
        target TEXT NOT NULL,       -- a path in the container
        volume TEXT REFERENCES volumes,
        source TEXT,                -- a path of the host, where it is no volume
        read_only INTEGER NOT NULL,
        PRIMARY KEY (container, target)
    ) WITHOUT ROWID""",
)

_SEEN_FILES = (
    # The layer that a file was seen to hold, by what tells that it is still the same file.
    """CREATE TABLE seen_files (
        fingerprint TEXT PRIMARY KEY,
        diff_id TEXT NOT NULL
    ) WITHOUT ROWID""",
)

_BUILD_CACHE = (
    # What a build step made of an image; forgotten with the image that it made.
    """CREATE TABLE build_cache (
        parent TEXT NOT NULL,       -- an image, or the platform of a stage without one
        key TEXT NOT NULL,          -- of what it does
        image TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
        text TEXT NOT NULL,         -- the instruction as written
        detail BLOB NOT NULL,       -- what it depends on: JSON, deflated
        PRIMARY KEY (parent, key)
    )""",
    "CREATE INDEX build_cache_of ON build_cache (image)",
)

_TIMELINE = (
    # How a container's writable layer grew; ``time`` is seconds since 1970, sizes are bytes. The
    # lists are compressed JSON; ``largest`` is not there for every point.
    """CREATE TABLE timeline (
        container TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
        time INTEGER NOT NULL,
        size INTEGER NOT NULL,
        files INTEGER NOT NULL,
        changes BLOB NOT NULL,
        largest BLOB,
        PRIMARY KEY (container, time)
    ) WITHOUT ROWID""",
)

_BLOB_ORIGINS = (
    # Repositories of registries that a blob was seen in, for others of the same registry.
    """CREATE TABLE blob_origins (
        digest TEXT NOT NULL,
        registry TEXT NOT NULL,     -- HOST[:PORT] as in image names
        repository TEXT NOT NULL,   -- its path there
        PRIMARY KEY (digest, registry, repository)
    ) WITHOUT ROWID""",
)

_BUILDS = (
    # The last build that made an image here; forgotten with it.
    """CREATE TABLE builds (
        image TEXT PRIMARY KEY REFERENCES images ON DELETE CASCADE,
        built_at TEXT NOT NULL,
        detail BLOB NOT NULL        -- the Dockerfile and its steps: JSON, deflated
    ) WITHOUT ROWID""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _IMAGES,
    _CONTAINERS,
    _SEEN_FILES,
    _BUILD_CACHE,
    _TIMELINE,
    _BLOB_ORIGINS,
    _BUILDS,
)

# Each gives rows (image ID, name for people) of what needs an image to stay.
IMAGE_USERS: tuple[str, ...] = ("SELECT image, 'container ' || name FROM containers",)

# Each gives rows (digest) of blobs, or of layers by diffID, that stay although no image has them.
KEPT_DIGESTS: tuple[str, ...] = ()
