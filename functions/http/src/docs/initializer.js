"use strict";
// Requests go to where the document came from, which may be below a path; without servers in the document Swagger UI would leave the path out.
const here = new URL(".", location.href).href.replace(/\/$/, "");
const BesideThePage = () => ({
  statePlugins: { spec: { wrapActions: { updateJsonSpec: update => document => update({ servers: [{ url: here }], ...document }) } } },
});
SwaggerUIBundle({
  url: "./openapi.json",
  dom_id: "#docs",
  plugins: [BesideThePage],
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Nobody else is asked about the document, and no token outlives the page.
  validatorUrl: null,
  queryConfigEnabled: false,
  persistAuthorization: false,
  onComplete: () => { document.title = document.querySelector("#docs .info .title")?.firstChild?.textContent ?? document.title; },
});
