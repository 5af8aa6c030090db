# One image with the three programs: `rapport` (core and edge in one process), `rapport-core`, `rapport-edge`.
#
#   docker build --tag rapport .
#   docker run --publish 8080:8080 --volume rapport:/data rapport
#
# compose.yaml runs two cores and two edges of it.

FROM node:22-bookworm-slim AS clients
WORKDIR /src/clients
COPY clients/ ./
COPY proto/ ../proto/
RUN ./build

FROM rust:1.95-bookworm AS programs
WORKDIR /src
COPY . .
COPY --from=clients /src/clients/portal/dist clients/portal/dist
COPY --from=clients /src/clients/widget/dist clients/widget/dist
ENV WEB_DIST=/src
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package rapport-core --package rapport-edge --bins && \
    mkdir /programs && cp target/release/rapport target/release/rapport-core target/release/rapport-edge /programs/

FROM debian:bookworm-slim
# A volume that is mounted for the first time takes these owners.
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin rapport && \
    install --directory --mode=0700 --owner=rapport --group=rapport /data /keys /keys/master /keys/edge
COPY --from=programs /programs/ /usr/local/bin/
USER 10001:10001
ENV RAPPORT_DATA_DIR=/data \
    RAPPORT_EDGE_LISTEN=0.0.0.0:8080 \
    RAPPORT_GRPC_LISTEN=0.0.0.0:8081 \
    RAPPORT_ADMIN_LISTEN=127.0.0.1:8082
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=3 CMD ["rapport", "health"]
CMD ["rapport", "serve"]
