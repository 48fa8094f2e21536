/** Unauthorized: the operators' token is missing or wrong. */
export class Unauthorized extends Error {}

/** request sends a request with the operators' token, which EventSource and forms cannot. */
export async function request(address: string, token: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(address, { ...init, headers: token ? { Authorization: `Bearer ${token}` } : {} });
  if (response.status === 401) throw new Unauthorized();
  if (!response.ok) throw new Error(`${response.status}: ${(await response.text()).slice(0, 200)}`);
  return response;
}
