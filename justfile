# `just` lists what there is; `cargo install just` installs it.
default:
    @just --list

# What CI runs: formatting, lints, tests
check:
    .ci/run

# The tests, those of the opt-in models too, from a folder that holds them
test-insightface FOLDER:
    FACETAG_INSIGHTFACE={{FOLDER}} cargo test

# Hostile files, 200 kills of scans and of decisions, disks that fill up, 200 bursts of events while watching; as root, for the disks
torture ROUNDS="200":
    FACETAG_TORTURE={{ROUNDS}} cargo test --test torture --test watch

# How long the models take, one thread, and how long in onnxruntime, in turns
bench-inference:
    cargo bench --bench inference

# How long grouping so many made-up faces takes, its memory and how right it is
bench-grouping FACES="20000":
    cargo bench --bench grouping -- {{FACES}}

# How well people are told apart, on a folder with one folder a person
bench-accuracy FOLDER *OPTIONS:
    cargo bench --bench accuracy -- {{FOLDER}} {{OPTIONS}}

# How similar faces stay on photos of other colour spaces, which benches/accuracy/colours.py makes of those in FOLDER, with and without their profiles
bench-colours FOLDER PAIRS OUT *PROFILES:
    python3 benches/accuracy/colours.py {{FOLDER}} {{OUT}} {{PROFILES}}
    for photos in {{OUT}}/*; do echo "$photos"; cargo bench --bench accuracy -- "$photos" --original {{OUT}}/srgb --pairs {{PAIRS}}; done

# How much of what is grouped is wrong among relatives: a folder with one folder a person, called FAMILY_MEMBER
bench-families FOLDER:
    cargo bench --bench accuracy -- {{FOLDER}} --families

# Photos of strangers with labelled faces (FOLDER/ground_truth.json): what is found, and who shares a group
bench-crowds FOLDER:
    cargo bench --bench accuracy -- {{FOLDER}} --strangers {{FOLDER}}/ground_truth.json

# The same with the photos turned by 90, 180 or 270 degrees
bench-rotation FOLDER DEGREES="90":
    cargo bench --bench accuracy -- {{FOLDER}} --strangers {{FOLDER}}/ground_truth.json --turned {{DEGREES}}

# The same with large photos that mosaic.py put together of those in FOLDER
bench-mosaics FOLDER MOSAICS:
    cargo bench --bench accuracy -- {{MOSAICS}} --strangers {{FOLDER}}/ground_truth.json --mosaic {{MOSAICS}}/mosaic.json

# How long questions to a library of so many made-up photos take
bench-catalog PHOTOS="1000000":
    cargo bench --bench catalog -- {{PHOTOS}}

# How long the page takes on a library of so many made-up photos, and how much of it there is
bench-serve PHOTOS="100000":
    cargo bench --bench serve -- {{PHOTOS}}

# An album of 1 to 12 megapixels out of smaller photos (see benches/peers/README.md)
bench-album PHOTOS ALBUM *OPTIONS:
    python3 benches/peers/make_album.py {{PHOTOS}} {{ALBUM}} {{OPTIONS}}

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
