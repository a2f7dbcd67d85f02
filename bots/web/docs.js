// validatorUrl: by default Swagger UI sends the address of the description to a foreign host.
SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
