const dark = matchMedia("(prefers-color-scheme: dark)");
const followColorScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followColorScheme);
followColorScheme();

// JavaScript orders the statuses by number, which puts the answer to a retry, 200, before 201.
const createdFirst = {
  wrapComponents: {
    responses: (Responses, { React }) => (props) =>
      React.createElement(Responses, {
        ...props,
        responses: props.responses.sortBy((_, status) => status !== "201"),
      }),
  },
};

const [spec, keys, signIn] = await Promise.all(
  ["openapi.json", "keys.json", "sign-in.json"].map(async (file) => (await fetch(file)).json()),
);

document.title = `${spec.info.title}: API reference`;

const ui = SwaggerUIBundle({
  spec,
  dom_id: "#reference",
  plugins: [createdFirst],
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // The sign-in page returns here.
  oauth2RedirectUrl: new URL("oauth2-redirect.html", location.href).href,
  // The default validator is a service on the Internet.
  validatorUrl: null,
  onComplete: () => {
    for (const [scheme, key] of Object.entries(keys)) ui.preauthorizeApiKey(scheme, key);
    if (signIn.clientId) ui.initOAuth(signIn);
  },
});
