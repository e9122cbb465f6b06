// Makes a song from a sentence, waits until it is done, and saves its audio.

import { writeFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./songwright.js";

type Song = components["schemas"]["SongAnswer"];

const baseUrl = process.env["SONGWRIGHT_URL"] ?? "http://127.0.0.1:8000";
const token = process.env["TOKEN"];
if (!token) throw new Error("put the service's token into TOKEN");

const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

async function make(sentence: string, seconds: number): Promise<Song> {
  const { data, error } = await api.POST("/generate-from-description", {
    params: { header: { Prefer: "respond-async" } },
    body: { full_described_song: sentence, audio_duration: seconds },
  });
  if (error) throw new Error(error.detail);
  return data;
}

async function finished(id: string): Promise<Song> {
  for (;;) {
    const { data, error } = await api.GET("/songs/{id}", { params: { path: { id } } });
    if (error) throw new Error(error.detail);
    if (data.status === "done") return data;
    if (data.status === "failed" || data.status === "cancelled") throw new Error(data.error?.message ?? data.status);
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

const song = await finished((await make("an upbeat electronic dance track about the last train", 10)).id);
const { data, error } = await api.GET("/songs/{id}/audio", {
  params: { path: { id: song.id } },
  parseAs: "arrayBuffer",
});
if (error) throw new Error(error.detail);
await writeFile("train.wav", new Uint8Array(data));
console.log(song.title);
