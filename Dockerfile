# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
RUN python -m pip install --no-cache-dir "uv==0.13.*" && python -m venv --without-pip /opt/pyf
WORKDIR /src
COPY pyproject.toml requirements.txt README.md LICENSE ./
COPY src src
# The tested versions, checked against their hashes, and of them only what running needs.
RUN uv pip install --no-cache --compile-bytecode --python /opt/pyf/bin/python --constraint requirements.txt .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --create-home pyf
COPY --from=build /opt/pyf /opt/pyf
ENV PATH=/opt/pyf/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SQLITE_PATH=/data/pyf.sqlite3
USER 10001
WORKDIR /data
VOLUME /data
CMD ["pyfaggregator", "--help"]
