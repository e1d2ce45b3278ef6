# Letheia on an NVIDIA GPU: docker build -f docker/cuda.Dockerfile -t letheia:cuda .
# docker run --gpus all letheia:cuda doctor says whether the GPU is there.
# torch's own wheels bring CUDA's libraries; the host needs only the driver and the container toolkit.
FROM python:3.13-slim-trixie
WORKDIR /letheia
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir -c constraints.txt torch \
    && pip install --no-cache-dir -c constraints.txt ".[4bit]" \
    && useradd --uid 1000 --create-home letheia
USER 1000
WORKDIR /home/letheia
ENTRYPOINT ["letheia"]
CMD ["--help"]
