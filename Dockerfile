# The gateway, as an image: docker build -t sluice .
# Debian trixie for glibc 2.41: the newer of the two native servers needs 2.38.

FROM node:22-trixie-slim AS build
WORKDIR /src
COPY . .
# Not `npm ci`: the lockfile may lack the native packages of this platform.
RUN npm install --no-audit --no-fund && npm run build -w protocol -w client-sdk -w server -w bridges -w cli -w console

FROM node:22-trixie-slim AS modules
WORKDIR /app
COPY package.json package-lock.json ./
COPY --from=build /src/protocol/package.json protocol/
COPY --from=build /src/client-sdk/package.json client-sdk/
COPY --from=build /src/server/package.json server/
COPY --from=build /src/bridges/package.json bridges/
COPY --from=build /src/cli/package.json cli/
COPY --from=build /src/cli/bin cli/bin
# The other workspaces are left out; npm only needs to know that they are not here.
RUN node -e "const fs=require('fs'),p=JSON.parse(fs.readFileSync('package.json'));p.workspaces=['protocol','client-sdk','server','bridges','cli'];fs.writeFileSync('package.json',JSON.stringify(p))" \
 && npm install --omit=dev --omit=peer --no-audit --no-fund
COPY --from=build /src/protocol/dist protocol/dist
COPY --from=build /src/client-sdk/dist client-sdk/dist
COPY --from=build /src/server/dist server/dist
COPY --from=build /src/bridges/dist bridges/dist
COPY --from=build /src/bridges/sql bridges/sql
COPY --from=build /src/cli/dist cli/dist

FROM node:22-trixie-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=modules /app /app
# A folder for the durable engine; mount a volume there.
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# Node itself is the first process, so that SIGTERM reaches the gateway and drains it.
ENTRYPOINT ["node", "/app/cli/bin/sluice.js"]
CMD ["serve", "--config", "/etc/sluice/sluice.yaml"]
