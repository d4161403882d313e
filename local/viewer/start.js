const [spec, keys] = await Promise.all(
  ["openapi.json", "keys.json"].map(async (file) => (await fetch(file)).json()),
);

const viewer = SwaggerUIBundle({
  spec,
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // It would send the document to a service on the Internet.
  validatorUrl: null,
  onComplete: () => {
    for (const [scheme, key] of Object.entries(keys)) viewer.preauthorizeApiKey(scheme, key);
  },
});
