// Calls the memory and contacts routes through the HTTP layer of the official npm client, and prints what came back.
// Usage: node official_client.mjs FOLDER_OF_BLAND_CLI, with BLAND_BASE_URL and BLAND_API_KEY set.
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { api } = await import(pathToFileURL(join(process.argv[2], "dist/lib/api.js")));

const attempt = async (call) => {
  try {
    return await call;
  } catch (error) {
    return { name: error.name, status: error.statusCode, errors: error.apiErrors };
  }
};

const number = "+14155550192";
const answers = {};

const resolved = (answers.resolved = await api.post("/v1/contacts/resolve", { phone_number: number, name: "Sarah" }));
const contact = resolved.contact.id;
answers.resolvedAgain = await api.post("/v1/contacts/resolve", { phone_number: number });
answers.patchedContact = await api.patch(`/v1/contacts/${contact}`, { metadata: { tier: 2 } });

const created = (answers.created = await api.post("/v1/memory/contact", { contact_id: contact, agent_number: number }));
const memory = created.memory.id;
answers.createdAgain = await api.post("/v1/memory/contact", { contact_id: contact, agent_number: number });
answers.patched = await api.patch(`/v1/memory/contact/${memory}/facts`, { facts: { plan: "premium" } });
answers.summarised = await api.patch(`/v1/memory/contact/${memory}/summary`, { summary: "a regular" });
answers.messages = await api.get(`/v1/memory/contact/${memory}/messages`);
answers.changes = await attempt(api.get("/v1/memory/changes", { call_id: "none" }));
answers.got = await api.get(`/v1/memory/contact/${memory}`);
answers.context = await api.get("/v1/memory/context", { contact_id: contact, agent_number: number });
answers.added = await api.post(`/v1/memory/${memory}/add-user`, { phone_number: number, metadata: "25 years" });
answers.addedAgain = await attempt(api.post(`/v1/memory/${memory}/add-user`, { phone_number: number }));
answers.user = await api.post(`/v1/memory/${memory}/user`, { phone_number: number });
answers.updatedUser = await api.post(`/v1/memory/${memory}/user/update`, { phone_number: number, summary: "older" });
answers.readAsStore = await api.get(`/v1/memory/${memory}`);

answers.found = await api.post("/v1/contacts/find", { phone_number: number });
answers.notFound = await api.post("/v1/contacts/find", { external_id: "nobody" });
answers.listed = await api.get("/v1/contacts", { limit: 200, offset: undefined });
answers.absent = await attempt(api.get("/v1/contacts/nobody"));

const store = (answers.storeCreated = await api.post("/v1/memory/create", { name: "callers" }));
answers.storeRenamed = await api.post(`/v1/memory/${store.id}/update`, { name: "guests" });
answers.stores = await api.get("/v1/memory");
answers.store = await api.get(`/v1/memory/${store.id}`);

await api.post("/v1/memory/contact", { contact_id: contact, persona_id: "persona-12345678" });

console.log(JSON.stringify(answers));
