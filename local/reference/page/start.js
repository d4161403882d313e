const [spec, keys, signIn] = await Promise.all(
  ["openapi.json", "keys.json", "sign-in.json"].map(async (file) => (await fetch(file)).json()),
);

const viewer = SwaggerUIBundle({
  spec,
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Where those who have signed in come back to.
  oauth2RedirectUrl: new URL("oauth2-redirect.html", location.href).href,
  // It would send the document to a service on the Internet.
  validatorUrl: null,
  onComplete: () => {
    for (const [scheme, key] of Object.entries(keys)) viewer.preauthorizeApiKey(scheme, key);
    if (signIn.clientId) viewer.initOAuth(signIn);
  },
});
