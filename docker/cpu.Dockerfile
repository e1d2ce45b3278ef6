# Letheia on a CPU: docker build -f docker/cpu.Dockerfile -t letheia .
FROM python:3.13-slim-trixie
WORKDIR /letheia
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY src ./src
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu -c constraints.txt torch \
    && pip install --no-cache-dir -c constraints.txt . \
    && useradd --uid 1000 --create-home letheia
USER 1000
WORKDIR /home/letheia
ENTRYPOINT ["letheia"]
CMD ["--help"]
