# compatkit with its compiled kernel: docker build -t compatkit . && docker run --rm -v "$PWD:/data" compatkit --help
# No image was built from it yet; a test builds the wheel of exactly the files that it copies.
FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml setup.cfg setup.py MANIFEST.in README.md LICENSE ./
COPY compatkit compatkit
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim
ARG EXTRAS=""
COPY --from=build /wheels /wheels
COPY constraints.txt /wheels/constraints.txt
RUN pip install --no-cache-dir -c /wheels/constraints.txt "$(ls /wheels/*.whl)${EXTRAS}" && rm -rf /wheels \
    && useradd --create-home runner
USER runner
WORKDIR /data
ENTRYPOINT ["compatkit"]
CMD ["--help"]
