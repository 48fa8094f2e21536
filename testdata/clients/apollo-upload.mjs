// Apollo Client with apollo-upload-client: node apollo-upload.mjs URL.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { ApolloClient, InMemoryCache, gql } from "@apollo/client";
import UploadHttpLink from "apollo-upload-client/UploadHttpLink.mjs";

const client = new ApolloClient({
  link: new UploadHttpLink({ uri: process.argv[2], headers: { "Apollo-Require-Preflight": "true" } }),
  cache: new InMemoryCache(),
});
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const file = (name) => new File([`the content of ${name}`], name, { type: "text/plain" });
const described = (name) => ({ filename: name, content_type: "text/plain", sha256: sha256(`the content of ${name}`) });
const told = ({ filename, content_type, sha256 }) => ({ filename, content_type, sha256 });

{
  const { data } = await client.mutate({ mutation: gql`mutation ($f: Upload) { upload(file: $f) }`, variables: { f: file("a.txt") } });
  assert.deepEqual(told(data.upload), described("a.txt"));
}
{
  const { data } = await client.mutate({
    mutation: gql`mutation ($fs: [Upload]) { upload(files: $fs) }`,
    variables: { fs: [file("b.txt"), file("ć.txt")] },
  });
  assert.deepEqual(data.upload.map(told), [described("b.txt"), described("ć.txt")]);
}
console.log("apollo-upload-client: ok");
