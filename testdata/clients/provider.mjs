// An OpenID provider on loopback: node provider.mjs PORT. It issues access tokens (JWT)
// to the client gateway-test, for the requested audience and scope. For tests,
// POST /test/rotate adds a new key and keeps publishing the old one; POST /test/forget
// removes the old one.
import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import Provider from "oidc-provider";

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;

const newKey = (alg) => {
  const { privateKey } =
    alg === "RS256" ? generateKeyPairSync("rsa", { modulusLength: 2048 }) : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg, use: "sig" };
};

// The first key signs.
const provide = (keys) =>
  new Provider(issuer, {
    jwks: { keys },
    clients: [
      {
        client_id: "gateway-test",
        client_secret: "not-a-secret",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: keys[0].alg,
      },
    ],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, audience) => ({
          audience,
          scope: "read write",
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: keys[0].alg, kid: keys[0].kid } },
        }),
      },
    },
  }).callback();

let keys = [newKey("RS256")];
let serve = provide(keys);
createServer((request, response) => {
  switch (`${request.method} ${request.url}`) {
    case "POST /test/rotate":
      keys = [newKey(keys[0].alg === "RS256" ? "ES256" : "RS256"), ...keys];
      break;
    case "POST /test/forget":
      keys = keys.slice(0, 1);
      break;
    default:
      return serve(request, response);
  }
  serve = provide(keys);
  response.end();
}).listen(port, "127.0.0.1", () => console.log("listening"));
