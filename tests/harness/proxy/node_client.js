// What toxiproxy-node-client does in the hands of its users, against the server and the upstream that it is told of.
"use strict";
const assert = require("node:assert/strict");
const net = require("node:net");
const { Toxiproxy, ToxiproxyError } = require("toxiproxy-node-client");

const [url, upstream] = process.argv.slice(2);
const server = new Toxiproxy(url);

function connected(proxy) {
    const [host, port] = proxy.listen.split(":");
    return new Promise((resolve, reject) => {
        const socket = net.connect(Number(port), host, () => resolve(socket));
        socket.once("error", reject);
    });
}

// Milliseconds until the bytes came back.
function asked(socket, text) {
    const started = process.hrtime.bigint();
    return new Promise((resolve, reject) => {
        socket.once("error", reject);
        socket.once("data", (data) => {
            assert.equal(data.toString(), text);
            resolve(Number(process.hrtime.bigint() - started) / 1e6);
        });
        socket.write(text);
    });
}

function ended(socket) {
    return new Promise((resolve) => {
        socket.removeAllListeners("error");
        socket.on("error", () => {});
        socket.once("close", resolve);
        socket.resume();
    });
}

async function main() {
    assert.match(await server.getVersion(), /2\.12\.0/);
    const proxy = await server.createProxy({ name: "redis", listen: "localhost:0", upstream });
    assert.deepEqual(Object.keys(await server.getAll()), ["redis"]);
    assert.equal((await server.get("redis")).listen, proxy.listen);
    await assert.rejects(server.get("other"), ToxiproxyError);
    await assert.rejects(server.createProxy({ name: "redis", listen: "localhost:0", upstream }), /409/);

    const socket = await connected(proxy);
    await asked(socket, "hello");
    const attributes = { latency: 80, jitter: 0 };
    const toxic = await proxy.addToxic({ name: "slow", type: "latency", stream: "downstream", toxicity: 1, attributes });
    assert.ok((await asked(socket, "late")) >= 80);
    assert.deepEqual((await proxy.getToxic("slow")).attributes, attributes);
    const changed = await toxic.update({ ...toxic.toJson(), attributes: { latency: 0, jitter: 0 } });
    assert.deepEqual(changed.attributes, { latency: 0, jitter: 0 });
    await toxic.remove();
    await assert.rejects(proxy.getToxic("slow"), /404/);
    await assert.rejects(proxy.addToxic({ type: "unheard_of" }), /400/);
    assert.equal((await proxy.addToxic({ type: "bandwidth", attributes: { rate: 1000 } })).name, "bandwidth_downstream");

    const closed = ended(socket);
    const down = await proxy.update({ enabled: false, listen: proxy.listen, upstream });
    assert.equal(down.enabled, false);
    await closed;
    await assert.rejects(connected(proxy), { code: "ECONNREFUSED" });
    await server.reset();
    assert.equal((await server.get("redis")).enabled, true);
    await assert.rejects(proxy.getToxic("bandwidth_downstream"), /404/);
    const again = await connected(proxy);
    await asked(again, "back");
    again.destroy();

    const populated = await server.populate([{ name: "a", listen: "localhost:0", upstream }]);
    assert.deepEqual(Object.keys(populated), ["a"]);
    await populated.a.remove();
    await proxy.remove();
    assert.deepEqual(await server.getAll(), {});
}

main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
});
