# The lab in a container; docs/deploy.md says how it is built and run.
#   docker build -t mllm-lab .
# The usual build of torch works on CPUs and on CUDA GPUs. A smaller image for CPUs alone:
#   docker build -t mllm-lab --build-arg TORCH_INDEX=ADDRESS .
# with the address of PyTorch's CPU wheels, which PyTorch's installation page names.
ARG PYTHON=3.12-slim-bookworm

FROM python:${PYTHON} AS packages
ARG TORCH_INDEX=""
WORKDIR /lab
COPY requirements.txt constraints.txt ./
# torch first and alone: asked for together with the rest, pip may take another build of it.
RUN python -m venv /opt/lab \
    && sed -n '/^torch==/p' requirements.txt > torch.txt \
    && /opt/lab/bin/pip install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
        -c constraints.txt -r torch.txt \
    && /opt/lab/bin/pip install --no-cache-dir -c constraints.txt -r requirements.txt

FROM python:${PYTHON}
# Whatever is written goes to the one volume: the lab's cache, and what libraries keep.
ENV PATH=/opt/lab/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/var/lib/lab \
    LAB_CACHE=/var/lib/lab/cache \
    HF_HOME=/var/lib/lab/hub
RUN useradd --uid 10001 --home-dir /var/lib/lab --shell /usr/sbin/nologin lab \
    && install -d -o lab -g lab /var/lib/lab
COPY --from=packages /opt/lab /opt/lab
WORKDIR /lab
COPY . .
USER 10001
VOLUME /var/lib/lab
EXPOSE 7860
# The lab ends in order at an interrupt, as at Ctrl-C.
STOPSIGNAL SIGINT
# The first start downloads the language model and converts it.
HEALTHCHECK --start-period=10m --interval=30s --timeout=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=8)"]
ENTRYPOINT ["python", "-m", "lab", "serve", "--host", "0.0.0.0", "--room", "--port", "7860", "--log-format", "json"]
