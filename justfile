# `just` lists what there is; `cargo install just` installs it.
default:
    @just --list

# What CI runs: formatting, lints, tests
check:
    .ci/run

# The tests, those of the opt-in models too, from a folder that holds them
test-insightface FOLDER:
    FACETAG_INSIGHTFACE={{FOLDER}} cargo test

# How long the models take, one thread, and how long in onnxruntime, in turns
bench-inference:
    cargo bench --bench inference

# How long grouping so many made-up faces takes, its memory and how right it is
bench-grouping FACES="20000":
    cargo bench --bench grouping -- {{FACES}}

# How well people are told apart, on a folder with one folder a person
bench-accuracy FOLDER *OPTIONS:
    cargo bench --bench accuracy -- {{FOLDER}} {{OPTIONS}}

# How long questions to a library of so many made-up photos take
bench-catalog PHOTOS="1000000":
    cargo bench --bench catalog -- {{PHOTOS}}

# An album of 1 to 12 megapixels out of smaller photos (see benches/peers/README.md)
bench-album PHOTOS ALBUM:
    python3 benches/peers/make_album.py {{PHOTOS}} {{ALBUM}}

# How fast an album is scanned by facetag and by others, in turns (see benches/peers/README.md)
bench-peers ALBUM MODELS *OPTIONS:
    cargo build --release
    python3 benches/peers/compare.py {{ALBUM}} {{MODELS}} {{OPTIONS}}

# Licences and advisories of everything facetag is built of (needs cargo-deny)
deny:
    cargo deny check

# Make the shipped models again from their public packages, to the same bytes
models:
    python3 models/make.py
