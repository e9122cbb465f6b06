# Songwright at home, with a GPU or without: see docs/home-gpu.md, and compose.yaml, which builds and runs it.
#
# With BASE=ubuntu:24.04, TOOLS= and EXTRAS=mcp it is the small image without models.

# torch's wheels bring CUDA 13.0 themselves; the base says to NVIDIA's container toolkit what driver they need.
ARG BASE=nvidia/cuda:13.0.1-runtime-ubuntu24.04
FROM ${BASE}

ARG EXTRAS=models,mcp
# Triton compiles what MusicGen runs on the card, when it first runs.
ARG TOOLS="gcc libc6-dev python3-dev"

RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv $TOOLS \
    && rm -rf /var/lib/apt/lists/*

# What a volume is first filled with has this owner too.
RUN useradd --create-home --uid 10001 songwright \
    && mkdir /songs /weights \
    && chown songwright:songwright /songs /weights

WORKDIR /opt/songwright
COPY . .
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --constraint constraints.txt ".${EXTRAS:+[$EXTRAS]}"

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SONGWRIGHT_HOST=0.0.0.0 \
    SONGWRIGHT_HOME=/songs \
    HF_HOME=/weights

USER 10001
WORKDIR /songs
VOLUME ["/songs", "/weights"]
EXPOSE 8000

# Weights are fetched before the service is ready for the first time.
HEALTHCHECK --interval=30s --timeout=10s --start-period=1h --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=8)"]

CMD ["songwright", "serve"]
