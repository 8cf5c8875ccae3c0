// For pages of the API's own origin. The tokens are in cookies that no script can read.
const CSRF_COOKIE = "__Host-jwtkit-csrf=";

const csrfToken = () =>
  document.cookie.split("; ").find((each) => each.startsWith(CSRF_COOKIE))?.slice(CSRF_COOKIE.length) ?? "";

const send = (path, options = {}) =>
  fetch(path, { ...options, headers: { ...options.headers, "X-CSRF-Token": csrfToken() } });

export async function call(path, options) { // as fetch, with one refresh for all tabs
  const answer = await send(path, options);
  if (answer.status !== 401) return answer;
  return navigator.locks.request("jwtkit-refresh", async () => {
    const again = await send(path, options); // another tab may have been faster
    if (again.status !== 401) return again;
    const refreshed = await send("/auth/refresh", { method: "POST" });
    return refreshed.ok ? send(path, options) : again;
  });
}

export const json = (body) => ({
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
});
export const logIn = (username, password) =>
  send("/auth/login", json({ username, password, transport: "cookie" }));
export const logOut = () => send("/auth/logout", { method: "POST" });
