# docker build -t mudlark .
# docker run --rm -v "$PWD:/repo:ro" mudlark                     the history of the repository here
# docker run --rm -v "$PWD:/repo:ro" mudlark git --only-verified
# docker run --rm -v "$PWD:/repo:ro" mudlark git --format html > report.html    a file outside of the container
# The repository may belong to another user than the one in the container: nothing of its configuration is obeyed, so its owner is not asked.
# Where others may not read it, add --user "$(id -u):$(id -g)", and the same to have -o FILE write into it (mounted without ":ro").
FROM docker.io/library/golang:1.26 AS build
ARG VERSION=
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.linkedVersion=$VERSION" -o /mudlark ./cmd/mudlark

# Certificates for verification, no shell, a user that is not root.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /mudlark /usr/bin/mudlark
WORKDIR /repo
ENTRYPOINT ["/usr/bin/mudlark"]
CMD ["git", "."]
